"""Whether a refusal is about the length of what was sent, whatever its words are."""

import json
import re
from collections.abc import Sequence

from openai import APIError, APIStatusError

from pipeline.llm.messages import Message
from pipeline.llm.token_counts import estimate_tokens, fewest_tokens

_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:[,_ ’']\d{3})+(?![\w])|(?<![\w.])\d{3,9}(?![\w])")  # noqa: RUF001
_READ_OF_MESSAGE = 4_000  # characters: some servers quote the whole request
_SMALLEST_LIMIT = 256
_SHORT = 1_000  # tokens; a request of no more fits every model
_MOST_BYTES = 12  # to a token of what has no white space, such as minified JSON
_STATUSES = (400, 413, 422)
_STATUSES_WITH_FIGURES = (*_STATUSES, 500)  # some servers break down on what is too long, and say why
_LIMIT_OF_RATE = re.compile(
    r"\blimit(?: is| of)?[\s:=(]{1,3}(\d[\d,]*).{0,80}?\brequested[\s:=~]{0,3}(\d[\d,]*)", re.I | re.S
)


def is_long(turn: Sequence[Message]) -> bool:
    """Whether it may be too long for a model."""
    texts = [message["content"] for message in turn]
    return sum(max(fewest_tokens(text), _bytes(text) // _MOST_BYTES) for text in texts) > _SHORT


def is_short(turn: Sequence[Message]) -> bool:
    """Whether it is too long for none, by a count that is rather too large."""
    return sum(estimate_tokens(message["content"]) for message in turn) <= _SHORT


def may_be_length(error: APIError) -> bool:
    """Whether its status leaves that open; that of an error in a stream is in its fields, or nowhere."""
    return _status(error) in _STATUSES


def tells_length(error: APIError, turn: Sequence[Message]) -> bool:
    """Whether it holds a number that may be the request's length, and a smaller one that may be the limit."""
    said = f"{error.message} {json.dumps(error.body, default=str)}"[:_READ_OF_MESSAGE]
    if _status(error) == 429:
        found = _LIMIT_OF_RATE.search(said)  # one request above the limit; else the limit is on many together
        return found is not None and _value(found[2]) > _value(found[1])
    if not is_long(turn) or _status(error) not in _STATUSES_WITH_FIGURES:
        return False
    codes = (str(_status(error)), error.code)  # no figures of a length, but many bodies repeat them
    numbers = {_value(found[0]) for found in _NUMBER.finditer(said) if found[0] not in codes}
    least = min((number for number in numbers if number >= _SMALLEST_LIMIT), default=0)
    return any(number > least > 0 and _is_length(number, turn) for number in numbers)


def _status(error: APIError) -> int:
    return error.status_code if isinstance(error, APIStatusError) else 400


def _value(number: str) -> int:
    return int(re.sub(r"\D", "", number))


def _is_length(number: int, turn: Sequence[Message]) -> bool:
    """Whether it may count what was sent: by any tokenizer, in characters or in bytes."""
    texts = [message["content"] for message in turn]
    least = sum(map(fewest_tokens, texts))
    most = max(sum(map(estimate_tokens, texts)), sum(map(_bytes, texts)))
    return 0.5 * least <= number <= 1.5 * most


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
