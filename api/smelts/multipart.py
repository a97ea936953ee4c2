"""A multipart/form-data body as a stream of events; nothing is ever buffered beyond one chunk.

Starlette's own form parser spools files to unencrypted temporary files, so the parser underneath is used
directly. Grammar: RFC 7578, on RFC 2046.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.errors import ApiError, Code
from api.http.part_filename import part_filename

MAX_HEADERS = 8  # of one part
MAX_PARAMETERS = 32  # of one header
MAX_BOUNDARY_BYTES = 70  # RFC 2046, section 5.1.1
MAX_HEADER_BYTES = 16_384  # one header line; a name may be longer than it is kept


@dataclass(frozen=True, slots=True)
class PartStart:
    name: str
    filename: str | None
    content_type: str | None


@dataclass(frozen=True, slots=True)
class PartData:
    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    pass


Event = PartStart | PartData | PartEnd


class _Events:
    """The parser's callbacks, collected as events."""

    def __init__(self) -> None:
        self.pending: list[Event] = []
        self.complete = False
        self._headers: dict[str, str] = {}
        self._field = b""
        self._value = b""

    def begin(self) -> None:
        self._headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name = self._field.decode("latin-1").lower()
        self._headers[name] = self._value.decode("latin-1").strip()
        self._field = self._value = b""

    def headers_finished(self) -> None:
        header = self._headers.get("content-disposition", "")
        disposition, options = _parameters(header)
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise ApiError(Code.MALFORMED_BODY, "A part has no form-data name.")
        if self._headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
            raise ApiError(
                Code.MALFORMED_BODY, "A part has a content transfer encoding, which is not supported."
            )
        self.pending.append(
            PartStart(
                name.decode("utf-8", "replace"),
                part_filename(header, options.get(b"filename")),
                self._headers.get("content-type"),
            )
        )

    def data(self, data: bytes, start: int, end: int) -> None:
        self.pending.append(PartData(data[start:end]))

    def part_end(self) -> None:
        self.pending.append(PartEnd())

    def end(self) -> None:
        self.complete = True

    def taken(self) -> list[Event]:
        events, self.pending = self.pending, []
        return events


def boundary_of(content_type: str) -> bytes:
    """Raises ApiError `malformed_body`: the Content-Type names no boundary."""
    _, options = _parameters(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise ApiError(Code.MALFORMED_BODY, "The multipart body has no boundary, or too long a one.")
    return boundary


def _parameters(header: str) -> tuple[bytes, dict[bytes, bytes]]:
    """Raises ApiError `malformed_body`: so many semicolons would hold the event loop."""
    if header.count(";") > MAX_PARAMETERS:
        raise ApiError(Code.MALFORMED_BODY, "A header has too many parameters.")
    return parse_options_header(header)


async def events(chunks: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[Event]:
    """Each part as PartStart, any number of PartData, PartEnd.

    Raises ApiError `malformed_body`: bad grammar, headers too long, or an end before the last boundary.
    """
    seen = _Events()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": seen.begin,
                "on_header_field": seen.header_field,
                "on_header_value": seen.header_value,
                "on_header_end": seen.header_end,
                "on_headers_finished": seen.headers_finished,
                "on_part_data": seen.data,
                "on_part_end": seen.part_end,
                "on_end": seen.end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )
        async for chunk in chunks:
            parser.write(chunk)
            for event in seen.taken():
                yield event
    except FormParserError:
        raise ApiError(Code.MALFORMED_BODY, "The multipart body is not well formed.") from None
    if not seen.complete:
        raise ApiError(Code.MALFORMED_BODY, "The multipart body ends before its last boundary.")
