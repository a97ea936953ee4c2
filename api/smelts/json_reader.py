"""A JSON text (RFC 8259, in UTF-8) read while it arrives: long strings come in pieces, nothing is ever kept whole.

What a document may make this process do is bounded by how many values it may have and how deep they may lie; its size
is its source's matter. Each value is read by one call: `members`, `elements`, `string`, `short`, `scalar` or `skip`.
"""

import codecs
import json
import re
from collections.abc import AsyncIterator

from api.errors import ApiError, Code

MAX_DEPTH = 16
MAX_KEY_CHARS = 256  # a longer name is none of ours, and is cut
MAX_SCALAR_CHARS = 100  # of a number, `true`, `false` or `null`

_BLANK = re.compile(r"[ \t\n\r]*+")
# Characters and whole escapes; possessive, so that nothing is ever tried twice
_RUN = re.compile(r'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+')
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{0,3})?")
_WORD = re.compile(rf"[-+.0-9A-Za-z]{{0,{MAX_SCALAR_CHARS + 1}}}")
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class TooManyValues(Exception):
    """The document has more values than it may have."""


def malformed() -> ApiError:
    return ApiError(Code.MALFORMED_BODY, "The body is not valid JSON.")


class JsonReader:
    """`most_values`: members and elements, of all objects and arrays together.

    Every method raises ApiError `malformed_body`, TooManyValues, and what `chunks` raises.
    """

    def __init__(self, chunks: AsyncIterator[bytes], most_values: int) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._text = ""
        self._at = 0
        self._values_left = most_values
        self._depth = 0

    async def peek(self) -> str:
        """The next character that isn't blank, which tells what comes; empty at the end."""
        while True:
            self._at = _end(_BLANK, self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not await self._more():
                return ""

    async def members(self) -> AsyncIterator[str]:
        """Each member's name, cut to `MAX_KEY_CHARS`; its value must be read before the next is asked for."""
        await self._open("{")
        last = await self._closed("}")
        while not last:
            name = await self.short(MAX_KEY_CHARS, cut=True)
            await self._take(":")
            self._count()
            yield name or ""
            last = await self._take(",}") == "}"
        self._depth -= 1

    async def elements(self) -> AsyncIterator[None]:
        """Once for each element, which must be read before the next is asked for."""
        await self._open("[")
        last = await self._closed("]")
        while not last:
            self._count()
            yield
            last = await self._take(",]") == "]"
        self._depth -= 1

    async def string(self) -> AsyncIterator[str]:
        """Its characters in pieces. Halves of characters that stand alone come as such (surrogates)."""
        await self._take('"')
        half = ""
        while True:
            piece = half + self._run()
            if half:  # its other half may have come with this piece
                piece = piece.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
            if len(piece) > len(half):
                yield piece[: len(piece) - len(half)]
            if self._text.startswith('"', self._at):
                break
            await self._rest_of_escape()
        self._at += 1
        if half:
            yield half

    async def short(self, most: int, *, cut: bool = False) -> str | None:
        """A string of at most `most` characters; one that is longer is read to its end, and is None, or cut."""
        kept, too_long = "", False
        async for piece in self.string():
            too_long = too_long or len(kept) + len(piece) > most
            kept += piece[: most - len(kept)]
        return None if too_long and not cut else kept

    async def scalar(self) -> str:
        """A number, `true`, `false` or `null`, as it is written."""
        await self.peek()
        end = _end(_WORD, self._text, self._at)
        while end == len(self._text) and await self._more():
            end = _end(_WORD, self._text, self._at)
        word = self._text[self._at : end]
        if len(word) > MAX_SCALAR_CHARS or not _SCALAR.fullmatch(word):
            raise malformed()
        self._at = end
        return word

    async def skip(self) -> None:
        """Reads a value of any kind, and forgets it."""
        match await self.peek():
            case "{":
                async for _ in self.members():
                    await self.skip()
            case "[":
                async for _ in self.elements():
                    await self.skip()
            case '"':
                async for _ in self.string():
                    pass
            case _:
                await self.scalar()

    async def end(self) -> None:
        """Nothing but blanks may follow."""
        if await self.peek():
            raise malformed()

    def _run(self) -> str:
        """The characters of a string that are here."""
        start, self._at = self._at, _end(_RUN, self._text, self._at)
        raw = self._text[start : self._at]
        return str(json.loads(f'"{raw}"')) if "\\" in raw else raw

    async def _rest_of_escape(self) -> None:
        """A string goes on after what is here, of which nothing may be left but the beginning of an escape."""
        if self._at < len(self._text) and not _CUT_ESCAPE.fullmatch(self._text, self._at):
            raise malformed()
        if not await self._more():
            raise malformed()

    async def _more(self) -> bool:
        """Whether there is more; all of it that has been read is dropped."""
        chunk = await anext(self._chunks, None)
        try:
            decoded = self._decoder.decode(chunk or b"", final=chunk is None)
        except UnicodeDecodeError:
            raise malformed() from None
        self._text, self._at = self._text[self._at :] + decoded, 0
        return chunk is not None

    async def _take(self, wanted: str) -> str:
        char = await self.peek()
        if not char or char not in wanted:
            raise malformed()
        self._at += 1
        return char

    async def _open(self, bracket: str) -> None:
        await self._take(bracket)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ApiError(Code.MALFORMED_BODY, f"The body is nested deeper than {MAX_DEPTH} levels.")

    async def _closed(self, bracket: str) -> bool:
        """Whether the bracket comes at once."""
        if await self.peek() != bracket:
            return False
        self._at += 1
        return True

    def _count(self) -> None:
        self._values_left -= 1
        if self._values_left < 0:
            raise TooManyValues


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what matches there ends; `at` if nothing does."""
    match = pattern.match(text, at)
    return at if match is None else match.end()
