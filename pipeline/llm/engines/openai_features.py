"""What is sent to a server, and which part of it a refusal is about."""

import json
import re
from collections.abc import Mapping, Sequence

from openai import APIError, APIStatusError

from pipeline.llm.engines.features import Feature
from pipeline.llm.messages import Message

_NAMES: Mapping[Feature, re.Pattern[str]] = {
    Feature.COUNTS: re.compile(r"stream_?options|include_?usage", re.I),
    Feature.SYSTEM_ROLE: re.compile(
        r"\b(system|developer)\b[\W_]*(roles?|messages?|prompts?|instructions?)\b"
        r"|\broles?\b.{0,80}\b(system|developer|user|assistant|alternate)\b|\b(system|developer)\b.{0,80}\broles?\b"
        r"|\bfirst message\b.{0,40}\buser\b",
        re.I | re.S,
    ),
    Feature.STREAM: re.compile(r"\bstream(s|ing|ed)?\b", re.I),
}
_UNNAMED = re.compile(
    r"(unknown|unrecogni[sz]ed|unsupported|unexpected|extra|additional)\W.{0,40}(parameter|argument|field|option|propert)"
    r"|(not|n't) (permitted|allowed|supported)|extra_forbidden",
    re.I | re.S,
)
_REFUSED = re.compile(r"support|implement|allow|permit|enabled|disabled|unexpected|unknown|alternate", re.I)
_READ_OF_MESSAGE = 20_000  # characters: some servers quote the whole request
# 401, 402, 403, 408, 409, 413, 425 and 429 are about something else
_STATUSES = (400, 404, 405, 406, 415, 422, 500, 501)


def body(model: str, turn: Sequence[Message], without: frozenset[Feature]) -> dict[str, object]:
    """What is sent. Nothing but this: what isn't asked for can't be refused."""
    messages = _in_one(turn) if Feature.SYSTEM_ROLE in without else list(turn)
    request: dict[str, object] = {"model": model, "messages": messages}
    if Feature.STREAM not in without:
        request["stream"] = True
        if Feature.COUNTS not in without:
            request["stream_options"] = {"include_usage": True}
    return request


def refused(error: APIError, turn: Sequence[Message], without: frozenset[Feature]) -> Feature | None:
    """What the error says the server doesn't take, of what it was sent."""
    status = error.status_code if isinstance(error, APIStatusError) else 500  # an error in a stream
    if status not in _STATUSES:
        return None
    text = f"{error.message} {json.dumps(error.body, default=str)}"[:_READ_OF_MESSAGE]
    sent = [feature for feature in _sent(turn) if feature not in without]
    if Feature.STREAM in without:
        sent = [feature for feature in sent if feature is not Feature.COUNTS]
    if status == 501:
        return Feature.STREAM if Feature.STREAM in sent else None
    if status >= 500 and not _REFUSED.search(text):
        return None
    named = next((feature for feature in sent if _NAMES[feature].search(text)), None)
    if named is None and status in (400, 422) and _UNNAMED.search(text):
        return next((feature for feature in sent if feature is not Feature.SYSTEM_ROLE), None)
    return named


def _sent(turn: Sequence[Message]) -> list[Feature]:
    """Those of a full request, the least needed first."""
    system = [Feature.SYSTEM_ROLE] if any(message["role"] == "system" for message in turn) else []
    return [Feature.COUNTS, *system, Feature.STREAM]


def _in_one(turn: Sequence[Message]) -> list[Message]:
    """The same without the system's role: its words come first in the first message."""
    rules = "\n\n".join(message["content"] for message in turn if message["role"] == "system")
    others = [message for message in turn if message["role"] != "system"]
    if not rules or not others:
        return [*others]
    first: Message = {"role": others[0]["role"], "content": f"{rules}\n\n{others[0]['content']}"}
    return [first, *others[1:]]
