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
_SHORT = 1_000  # certain tokens; a request of no more fits every model
_STATUSES = (400, 413, 422)
_STATUSES_WITH_FIGURES = (*_STATUSES, 500)  # some servers break down on what is too long, and say why
_LIMIT_OF_RATE = re.compile(r"limit\D{0,20}(\d[\d,]*).{0,80}?requested\D{0,20}(\d[\d,]*)", re.I | re.S)


def is_long(turn: Sequence[Message]) -> bool:
    return sum(fewest_tokens(message["content"]) for message in turn) > _SHORT


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
    numbers = {_value(found[0]) for found in _NUMBER.finditer(said)}
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
    most = max(sum(map(estimate_tokens, texts)), sum(len(text.encode("utf-8", "replace")) for text in texts))
    return 0.5 * least <= number <= 1.5 * most
