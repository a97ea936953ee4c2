"""Asks the provider whether it takes a user's API key. The key goes to the one configured server and nowhere else."""

from enum import Enum, auto

from pydantic import SecretStr

from pipeline.llm.engines.base import OPENAI_URL
from pipeline.net.fetch import FetchFailed, fetch

DEADLINE = 10.0  # seconds for the whole exchange


class Verdict(Enum):
    ACCEPTED = auto()
    REJECTED = auto()
    UNKNOWN = auto()  # the provider can't be asked at the moment, or gave no answer that tells


def check_api_key(base_url: str | None, api_key: SecretStr) -> Verdict:
    """Lists the provider's models, which costs nothing. `base_url` None: OpenAI's own. Blocks for up to `DEADLINE`.

    What the provider says isn't read: its messages quote parts of keys.
    """
    url = f"{(base_url or OPENAI_URL).rstrip('/')}/models"
    try:
        reply = fetch(url, {"Authorization": f"Bearer {api_key.get_secret_value()}"}, deadline=DEADLINE)
    except FetchFailed:
        return Verdict.UNKNOWN
    if reply.status in (401, 403):
        return Verdict.REJECTED
    return Verdict.ACCEPTED if reply.status == 200 else Verdict.UNKNOWN
