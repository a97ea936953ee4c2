"""Asks the provider whether it takes a user's API key. The key goes to the one configured server and nowhere else."""

import httpx
from pydantic import SecretStr

from api.errors import ApiError
from pipeline.engines.base import OPENAI_URL

TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds between two signs of life
RETRY_SECONDS = 30.0


def check_api_key(base_url: str | None, api_key: SecretStr) -> None:
    """Lists the provider's models, which costs nothing. `base_url` None: OpenAI's own.

    Raises ApiError `api_key_invalid`, or `unavailable` where nobody can tell. Neither carries what the provider said:
    its messages quote parts of keys.
    """
    url = f"{(base_url or OPENAI_URL).rstrip('/')}/models"
    headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"}
    try:
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream("GET", url, headers=headers) as reply,
        ):
            status = reply.status_code
    except httpx.HTTPError:
        status = 0
    if status in (401, 403):
        raise ApiError("api_key_invalid")
    if status != 200:
        raise ApiError(
            "unavailable", "The key's provider gave no answer: nothing was stored.", retry_after=RETRY_SECONDS
        )
