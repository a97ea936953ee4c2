"""What is sent to a server, and which part of it a refusal is about."""

import json
import re
from collections.abc import Mapping, Sequence

from openai import APIError, APIStatusError

from pipeline.llm.engines.features import Feature
from pipeline.llm.messages import Message

_NAMES: Mapping[Feature, re.Pattern[str]] = {
    Feature.COUNTS: re.compile(r"stream[\s_-]?options|include[\s_-]?usage", re.I),
    Feature.SYSTEM_ROLE: re.compile(
        r"\b(system|developer)\b[\W_]*(roles?|messages?|prompts?|instructions?)\b"
        r"|\broles?\b.{0,80}\b(system|developer|user|assistant|alternate)\b|\b(system|developer)\b.{0,80}\broles?\b"
        r"|\bonly\b.{0,10}\buser\b.{0,30}\broles?\b|\bmessages\W*0\W*role\b|[\'\"]system[\'\"](?!\s*:)"
        r"|\bfirst message\b.{0,40}\buser\b|\b(start|begin)s? with an? user\b",
        re.I | re.S,
    ),
    Feature.STREAM: re.compile(r"\bstream(s|ing|ed)?\b", re.I),
}
_UNNAMED = re.compile(
    r"(unknown|unrecogni[sz]ed|unsupported|unexpected|extra|additional)\W.{0,40}(parameter|argument|field|option|propert)"
    r"|(not|n't) (permitted|allowed|supported)|extra_forbidden",
    re.I | re.S,
)
# A server that breaks down says "unexpected error" and "contact support": it must say what it doesn't take.
_REFUSED = re.compile(
    r"(\bno|\bnot|n't|\bun)\W?(support|implement|allow|permit|enabled)|\bdisabled\b|\bmust (alternate|start|begin)\b"
    r"|\bonly\b.{0,60}\b(support|allow|permit)"
    r"|(unknown|unrecogni[sz]ed|unexpected) (\w+ )?(keyword|argument|field|option|param|propert|role)",
    re.I | re.S,
)
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
    status, text, sent = _status(error), _text(error), _sent(turn, without)
    if status not in _STATUSES:
        return None
    if status == 501:
        return Feature.STREAM if Feature.STREAM in sent else None
    if status >= 500 and not _REFUSED.search(text):
        return None
    named = _named(text, sent)
    if named is None and status in (400, 422) and _UNNAMED.search(text):
        return next((feature for feature in sent if feature is not Feature.SYSTEM_ROLE), None)
    return named


def is_clear(error: APIError, turn: Sequence[Message], without: frozenset[Feature]) -> bool:
    """Whether it says by name what it doesn't take of what it was sent, so that any figures are of something else."""
    text = _text(error)
    is_named = _named(text, _sent(turn, without)) is not None
    return is_named and _status(error) in _STATUSES and _REFUSED.search(text) is not None


def _status(error: APIError) -> int:
    return error.status_code if isinstance(error, APIStatusError) else 500  # an error in a stream


def _text(error: APIError) -> str:
    return f"{error.message} {json.dumps(error.body, default=str)}"[:_READ_OF_MESSAGE]


def _named(text: str, sent: Sequence[Feature]) -> Feature | None:
    return next((feature for feature in sent if _NAMES[feature].search(text)), None)


def _sent(turn: Sequence[Message], without: frozenset[Feature]) -> list[Feature]:
    """What the request has, the least needed first."""
    features = {Feature.COUNTS, Feature.SYSTEM_ROLE, Feature.STREAM} - without
    if not any(message["role"] == "system" for message in turn):
        features.discard(Feature.SYSTEM_ROLE)
    if Feature.STREAM in without:
        features.discard(Feature.COUNTS)
    return [feature for feature in Feature if feature in features]


def _in_one(turn: Sequence[Message]) -> list[Message]:
    """The same without the system's role: its words come first in the first message."""
    rules = "\n\n".join(message["content"] for message in turn if message["role"] == "system")
    others = [message for message in turn if message["role"] != "system"]
    if not rules or not others:
        return [*others]
    first: Message = {"role": others[0]["role"], "content": f"{rules}\n\n{others[0]['content']}"}
    return [first, *others[1:]]
