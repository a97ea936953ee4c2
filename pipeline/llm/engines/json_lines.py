"""An answer's body in JSON: one document, or one in each line, as servers stream that speak Ollama's own protocol."""

import codecs
import json
from collections.abc import AsyncIterator, Mapping

_MOST_CHARACTERS = 64 * 1024 * 1024  # of a document


async def documents(pieces: AsyncIterator[bytes]) -> AsyncIterator[object]:
    """Each as soon as it is there. Raises ValueError for what isn't JSON, or has no end.

    Where there is one in each line, what breaks off in the midst of the last just ends.
    """
    held: list[str] = []
    size = 0  # of what is held, in characters
    by_line: bool | None = None  # not known before the first line has come
    async for text in _decoded(pieces):
        held.append(text)
        size += len(text)
        if size > _MOST_CHARACTERS:
            raise ValueError("a document without end")
        if by_line is False or "\n" not in text:
            continue
        *lines, rest = "".join(held).split("\n")
        lines = [line for line in lines if line.strip()]
        by_line = by_line or (_is_object(lines[0]) if lines else None)
        if by_line:
            held, size = [rest], len(rest)
            for line in lines:
                yield json.loads(line)
    last = "".join(held)
    if last.strip() and (not by_line or _is_object(last)):
        yield json.loads(last)


def in_openais_words(document: object) -> object:
    """What Ollama's own protocol says, as OpenAI's says it; anything else as it is."""
    if not isinstance(document, Mapping) or "choices" in document or type(document.get("done")) is not bool:
        return document
    message = document.get("message") or {"content": document.get("response")}
    reason = (document.get("done_reason") or "stop") if document["done"] else None
    counts = {
        "prompt_tokens": document.get("prompt_eval_count"),
        "completion_tokens": document.get("eval_count"),
    }
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": counts}


def is_whole(document: object) -> bool:
    """Whether it is an answer by itself, and no piece of one."""
    if not isinstance(document, Mapping) or document.get("done") is False:
        return False
    choices = document.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return not (isinstance(first, Mapping) and "delta" in first)


async def _decoded(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    async for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), Mapping)
    except ValueError:
        return False
