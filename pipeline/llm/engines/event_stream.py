"""What an answer's body holds, piece by piece: server-sent events, or JSON (`pipeline/llm/engines/json_lines.py`).

The SDK's parser does the parsing (https://html.spec.whatwg.org/multipage/server-sent-events.html). Its own loop over
the events isn't used: it takes an event without data (`retry:`, `id:`, an empty `data:`) for JSON, and doesn't tell an
end that was announced from one that wasn't.
"""

import codecs
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

from httpx2 import Response
from openai import APIError
from openai._streaming import ServerSentEvent, SSEDecoder

from pipeline.llm.engines.json_lines import documents, in_openais_words, is_whole

DONE = "[DONE]"
_ENDS = {DONE, f'"{DONE}"', "DONE"}
_LIFE_SIGNS = {"ping", "heartbeat", "keepalive", "keep-alive"}


async def contents(response: Response) -> AsyncGenerator[object, None]:
    """Each event's JSON in turn, `DONE` where the end is announced. Raises `APIError` for an error that is told.

    A `ValueError` is raised where something isn't JSON. What breaks off in the midst of an event just ends.
    """
    pieces = response.aiter_bytes()
    if "event-stream" in response.headers.get("content-type", "").lower():
        async for content in _events(pieces, response):
            yield content
        return
    first = b""
    async for piece in pieces:
        first += piece
        if first.strip():
            break
    if not first.lstrip().startswith(b"{"):
        async for content in _events(_behind(first, pieces), response):
            yield content
        return
    async for content in _documents(_behind(first, pieces), response):
        yield content


async def _documents(pieces: AsyncIterator[bytes], response: Response) -> AsyncIterator[object]:
    """A single one that is no piece of an answer is all of it."""
    number, last = 0, None
    async for document in documents(pieces):
        number, last = number + 1, document
        yield in_openais_words(_checked(document, "", response))
    if number == 1 and is_whole(last):
        yield DONE


async def _events(pieces: AsyncIterator[bytes], response: Response) -> AsyncIterator[object]:
    text = _Text(pieces)
    async for event in SSEDecoder().aiter_bytes(text.lines()):
        for data in _data(event):
            if data.upper() in _ENDS:
                yield DONE
                continue
            try:
                content = json.loads(data)
            except ValueError:
                if text.ended:  # the last event broke off
                    return
                raise
            if isinstance(content, Mapping):  # else a sign of life, such as `null`
                yield _checked(content, event.event or "", response)


class _Text:
    """Bytes as the standard asks: without a byte order mark, and what is no UTF-8 replaced. The last event may stop
    without an empty line."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.ended = False

    async def lines(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        async for piece in self._pieces:
            yield decoder.decode(piece).encode()
        self.ended = True
        yield decoder.decode(b"", final=True).encode() + b"\n\n"


def _data(event: ServerSentEvent) -> Iterator[str]:
    """The documents in an event: none in a sign of life, several where a server leaves out the empty lines."""
    data = event.data.strip()
    if not data or (event.event or "").lower() in _LIFE_SIGNS:
        return
    lines = data.split("\n")
    if len(lines) > 1 and all(_is_document(line) for line in lines):
        yield from lines
    else:
        yield data


def _is_document(line: str) -> bool:
    if line.upper() in _ENDS:
        return True
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _checked(content: object, kind: str, response: Response) -> object:
    if not isinstance(content, Mapping):
        return content
    told = content.get("error")
    if not told and (kind == "error" or content.get("object") == "error"):
        told = content
    if told:
        message = told.get("message") if isinstance(told, Mapping) else told
        raise APIError(str(message or ""), response.request, body=told)
    return content


async def _behind(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece
