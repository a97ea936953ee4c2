"""What an answer's body holds, piece by piece: server-sent events, or JSON (`pipeline/llm/engines/json_lines.py`).

The SDK's parser does the parsing (https://html.spec.whatwg.org/multipage/server-sent-events.html). Its own loop over
the events isn't used: it takes an event without data (`retry:`, `id:`, an empty `data:`) for JSON, and doesn't tell an
end that was announced from one that wasn't.
"""

import codecs
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

from anyio import EndOfStream
from httpx2 import RequestError, Response  # of the library that the SDK speaks HTTP with
from openai import APIError
from openai._streaming import ServerSentEvent, SSEDecoder

from pipeline.llm.engines.json_lines import documents, in_openais_words, is_whole

DONE = "[DONE]"
BROKEN_BODY = (RequestError, EndOfStream, OSError)  # it breaks off or can't be decoded
_ENDS = {DONE, f'"{DONE}"', "DONE"}
_BYTE_ORDER_MARK = codecs.BOM_UTF8
_LIFE_SIGNS = {"ping", "heartbeat", "keepalive", "keep-alive"}


class _Body:
    """A response's bytes. Where the connection breaks they just end, so that what is complete is still read."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.failure: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.response.aiter_bytes():
                yield piece
        except BROKEN_BODY as error:
            self.failure = error


async def contents(response: Response) -> AsyncGenerator[object, None]:
    """Each event's JSON in turn, `DONE` where the end is announced. Raises `APIError` for an error that is told.

    A `ValueError` is raised where something isn't JSON. What breaks off in the midst of an event just ends. Where the
    connection broke, that is raised behind all that came before.
    """
    body = _Body(response)
    try:
        async for content in _contents(body):
            yield content
    except ValueError:
        if body.failure is None:
            raise
    if body.failure is not None:
        raise body.failure


async def _contents(body: _Body) -> AsyncIterator[object]:
    """Its beginning tells what it is: servers, and gateways before them, name another type."""
    first, pieces = b"", body.pieces()
    async for piece in pieces:
        first += piece
        if not _BYTE_ORDER_MARK.startswith(first.strip()):  # the mark may come in pieces, too
            break
    is_json = first.strip().removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"{")
    read = _documents if is_json else _events
    async for content in read(_behind(first, pieces), body):
        yield content


async def _documents(pieces: AsyncIterator[bytes], body: _Body) -> AsyncIterator[object]:
    """A single one that is no piece of an answer is all of it, unless more may have been to come."""
    number, last = 0, None
    async for document in documents(pieces):
        number, last = number + 1, document
        yield in_openais_words(_checked(document, "", body.response))
    if number == 1 and is_whole(last) and body.failure is None:
        yield DONE


async def _events(pieces: AsyncIterator[bytes], body: _Body) -> AsyncIterator[object]:
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
                yield _checked(content, event.event or "", body.response)


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
