"""A JSON POST as a stream of events, like a multipart body: texts piece by piece, fields into a form."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from api.errors import ApiError, Code, Fault, FaultCode
from api.smelts.json_reader import JsonReader, TooManyValues
from api.smelts.multipart import Event, PartData, PartEnd, PartStart
from api.smelts.options import MAX_FIELD_BYTES, MAX_FIELDS, Form, too_many_fields

_INTEGER = re.compile(r"-?[0-9]+")
_NUMBERS = {
    "content_ttl": "Must be a number of seconds.",
    "min_speakers": "Must be a number.",
    "max_speakers": "Must be a number.",
}
_FLAGS = frozenset({"speakers"})
_TEXT_SCHEMA = 'Must be a string or {"filename", "text"}.'
MAX_CHARS = MAX_FIELD_BYTES  # of a field or a filename
_TOO_LONG = f"At most {MAX_CHARS:,} characters."


@dataclass(frozen=True, slots=True)
class PartNamed:
    """The name of the part that has begun; it may come after its data."""

    filename: str


@dataclass(frozen=True, slots=True)
class PartRefused:
    """The part that has begun is none. Data of it that still comes is to be dropped."""

    detail: str


JsonEvent = Event | PartNamed | PartRefused


async def json_events(chunks: AsyncIterator[bytes], form: Form, most_texts: int) -> AsyncIterator[JsonEvent]:
    """Each entry of `texts` as PartStart, then PartData and PartNamed in any order, then PartEnd or PartRefused.

    The fields go into `form`, with a fault for each that has the wrong shape. `most_texts`: what whoever takes the
    events lets through; the values that are looked at are bounded accordingly. Raises ApiError `malformed_body`: not
    JSON, or not an object; `validation_failed`: more than `MAX_FIELDS` values; and what `chunks` raises.
    """
    reader = JsonReader(chunks, most_values=3 * (most_texts + 1) + 2 * MAX_FIELDS)
    if await reader.peek() not in ("{", ""):
        raise ApiError(Code.MALFORMED_BODY, "The body must be a JSON object.")
    try:
        async for event in _Document(reader, form).events():
            yield event
        await reader.end()
    except TooManyValues:
        raise too_many_fields(form) from None


class _Document:
    def __init__(self, reader: JsonReader, form: Form) -> None:
        self._reader = reader
        self._form = form
        self._known = form.fields.single | form.fields.repeated
        self._given: set[str] = set()
        self._fields = 0

    async def events(self) -> AsyncIterator[JsonEvent]:
        async for name in self._reader.members():
            if name in self._given:
                await self._refuse_duplicate()
            elif name == "texts":
                self._given.add(name)
                async for event in self._texts():
                    yield event
            else:
                self._count_field()
                await self._field(name)

    # Fields

    async def _field(self, name: str) -> None:
        if name not in self._known:
            self._form.add(name, "")  # notes the fault
            await self._reader.skip()
            return
        self._given.add(name)
        kind = await self._reader.peek()
        if kind == "n":
            await self._reader.scalar()  # null is the same as none
        elif name in self._form.fields.repeated:
            await self._list(name, kind)
        elif name in _NUMBERS:
            await self._number(name, kind)
        elif name in _FLAGS and kind in "tf":
            self._form.add(name, await self._reader.scalar())
        elif kind == '"':
            await self._add_string(name)
        else:
            self._form.bad(name, "Must be true or false." if name in _FLAGS else "Must be a string.")
            await self._reader.skip()

    async def _list(self, name: str, kind: str) -> None:
        if kind != "[":
            self._form.bad(name, "Must be a list of strings.")
            await self._reader.skip()
            return
        strings = 0
        async for _ in self._reader.elements():
            if strings:
                self._count_field()  # the first was counted with its list
            strings += 1
            if await self._reader.peek() == '"':
                await self._add_string(name)
            else:
                self._form.bad(name, "Must be a list of strings.")
                await self._reader.skip()

    async def _number(self, name: str, kind: str) -> None:
        value = "" if kind in '"[{' else await self._reader.scalar()
        if _INTEGER.fullmatch(value):
            self._form.add(name, value)
            return
        self._form.bad(name, _NUMBERS[name])
        if not value:
            await self._reader.skip()

    async def _add_string(self, name: str) -> None:
        value = await self._reader.short(MAX_CHARS)
        if value is None:
            self._form.bad(name, _TOO_LONG)
        else:
            self._form.add(name, value)

    def _count_field(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise too_many_fields(self._form)

    async def _refuse_duplicate(self) -> None:
        if not self._form.faults:
            detail = "A JSON object has the same member twice."
            self._form.faults.append(Fault(FaultCode.DUPLICATE_FIELD, detail))
        await self._reader.skip()

    # Texts

    async def _texts(self) -> AsyncIterator[JsonEvent]:
        kind = await self._reader.peek()
        if kind == "n":
            await self._reader.scalar()
        elif kind == "[":
            async for _ in self._reader.elements():
                yield PartStart("texts", None, None)
                async for event in self._text():
                    yield event
        else:
            self._form.bad("texts", "Must be a list.")
            await self._reader.skip()

    async def _text(self) -> AsyncIterator[JsonEvent]:
        kind = await self._reader.peek()
        if kind == '"':
            async for data in self._data():
                yield data
            yield PartEnd()
        elif kind == "{":
            async for event in self._named_text():
                yield event
        else:
            yield PartRefused(_TEXT_SCHEMA)
            await self._reader.skip()

    async def _named_text(self) -> AsyncIterator[JsonEvent]:
        given: set[str] = set()
        refused = False
        async for name in self._reader.members():
            kind = await self._reader.peek()
            if name in given:
                await self._refuse_duplicate()
            elif name == "text" and kind == '"' and not refused:
                async for data in self._data():
                    yield data
            elif name == "filename" and kind in '"n' and not refused:
                named = await self._filename(kind)
                refused = isinstance(named, PartRefused)
                if named is not None:
                    yield named
            else:
                if not refused:
                    yield PartRefused(_TEXT_SCHEMA)
                refused = True
                await self._reader.skip()
            given |= {name} & {"text", "filename"}
        if not refused:
            yield PartEnd() if "text" in given else PartRefused(_TEXT_SCHEMA)

    async def _filename(self, kind: str) -> PartNamed | PartRefused | None:
        if kind == "n":
            await self._reader.scalar()
            return None
        name = await self._reader.short(MAX_CHARS)
        return (
            PartRefused(f"A filename may have {MAX_CHARS:,} characters.") if name is None else PartNamed(name)
        )

    async def _data(self) -> AsyncIterator[PartData]:
        async for piece in self._reader.string():
            yield PartData(piece.encode("utf-8", "surrogatepass"))  # the text's decoder refuses surrogates
