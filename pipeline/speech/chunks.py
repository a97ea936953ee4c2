"""AIFF, Core Audio and Wave64: recordings in chunks, whose sizes may be wrong.

Their samples go to the declared end where nothing or another chunk follows, and else to the end of what is there. Where
the header says otherwise it is replaced by one that is as long. Sources: Apple's AIFF-C draft of 1991 and Core Audio
Format specification 1.0, Sony's Wave64 specification.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import MediaType
from pipeline.speech.window import find, read_at

_HEADER_BYTES = 65_536  # within which the samples begin
_MOST_CHUNKS = 1_000
_IGNORED_BYTES = 1_000  # behind the declared end that are no chunk
_NONSENSE = 1_000  # times what is there: a count that promises more is wrong
_LONGEST_TAIL = 1 << 20  # bytes that a last chunk may lack
_PACKETS = re.compile(rb"pakt\0\0\0\0")  # a table of their sizes
_CAF_FORMAT = 28  # where a Core Audio file says its codec
_COMMON = b"COMM"
# Bytes of a frame of one channel, by AIFF-C's compression; without one, those of its bits
_COMPRESSED = {
    b"ulaw": 1,
    b"ULAW": 1,
    b"alaw": 1,
    b"ALAW": 1,
    b"ima4": 34,
    b"fl32": 4,
    b"FL32": 4,
    b"fl64": 8,
}


@dataclass(frozen=True, slots=True)
class _Layout:
    whole: int | None  # where the size of all is
    first: int  # where the first chunk is
    name: int  # bytes of a chunk's name
    size: int  # bytes of its size
    order: Literal["big", "little"]
    inclusive: bool  # whether a size counts the chunk's header
    aligned: int
    samples: bytes  # the name of the chunk that holds them

    @property
    def head(self) -> int:
        return self.name + self.size

    def read(self, header: bytes) -> int | None:
        """The length of the chunk with this header, with it; None where that is none."""
        name = header[:4]
        if len(header) < self.head or not (name.isascii() and name.decode().isprintable()):
            return None
        length = int.from_bytes(header[self.name : self.head], self.order) + (not self.inclusive) * self.head
        return length if length >= self.head else None

    def after(self, end: int) -> int:
        """Where the chunk behind one that ends at `end` begins."""
        return -(-end // self.aligned) * self.aligned


_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_LAYOUTS = {
    MediaType.AIFF: _Layout(4, 12, 4, 4, "big", inclusive=False, aligned=2, samples=b"SSND"),
    MediaType.CAF: _Layout(None, 8, 4, 8, "big", inclusive=False, aligned=1, samples=b"data"),
    MediaType.W64: _Layout(16, 40, 16, 8, "little", inclusive=True, aligned=8, samples=_W64_DATA),
}
CHUNKED = frozenset(_LAYOUTS)


def mended(file: SeekableFile, part: Part, media_type: MediaType) -> Part:
    """The same part with sizes that fit, and zeros for what its last chunk lacks."""
    layout = _LAYOUTS[media_type]
    size = part.end - part.start
    head = read_at(file, part.start, min(_HEADER_BYTES, size))
    at = _samples_at(head, layout)
    if at is None:
        return part
    begin = at + layout.head
    end, all_there = _end(file, part, layout, at, layout.read(head[at:begin]) or layout.head)
    header = bytearray(head[:begin])
    _put(header, at + layout.name, layout, end - at)
    if layout.whole is not None:
        _put(header, layout.whole, layout, size - (0 if layout.inclusive else layout.whole - layout.name))
    if media_type is MediaType.AIFF:
        _count_frames(header, layout, end - begin)
    tail = _lacking(file, part, layout, end)
    if header == head[:begin] and not tail:
        return part
    missing = 0.0 if all_there else part.missing_share
    return replace(part, start=part.start + begin, header=bytes(header), missing_share=missing, tail=tail)


def _put(header: bytearray, at: int, layout: _Layout, length: int) -> None:
    """Write a length, which counts its own header, as the size at `at`."""
    size = min(length - (0 if layout.inclusive else layout.head), (1 << 8 * layout.size) - 1)
    header[at : at + layout.size] = size.to_bytes(layout.size, layout.order)


def _samples_at(head: bytes, layout: _Layout) -> int | None:
    for at, name in _chunks(head, layout):
        if name == layout.samples:
            return at
    found = head.find(layout.samples, layout.first)
    return found if 0 <= found <= len(head) - layout.head else None


def _chunks(head: bytes, layout: _Layout) -> Iterator[tuple[int, bytes]]:
    """Where each begins, and its name."""
    at = layout.first
    for _ in range(_MOST_CHUNKS):
        length = layout.read(head[at : at + layout.head])
        if length is None:
            return
        yield at, bytes(head[at : at + layout.name])
        at = layout.after(at + length)


def _end(file: SeekableFile, part: Part, layout: _Layout, at: int, length: int) -> tuple[int, bool]:
    """Of the samples whose chunk is at `at`, both counted from the part's start; and whether it is certain."""
    size, end = part.end - part.start, at + length
    after = layout.after(end)
    following = layout.read(read_at(file, part.start + after, layout.head)) if after < size else None
    if following is not None and after + following <= size + _LONGEST_TAIL:
        return end, True
    has_packets = layout.samples == b"data" and read_at(file, part.start + _CAF_FORMAT, 4) != b"lpcm"
    packets = find(file, _PACKETS, part.start + at, part.end) if has_packets and end != size else None
    if packets is not None:
        return packets - part.start, True
    is_near = 0 <= size - end <= _IGNORED_BYTES
    return (end if is_near else size), is_near


def _count_frames(header: bytearray, layout: _Layout, size: int) -> None:
    """AIFF counts its frames besides; as many as are missing may be told by that, unless it is nonsense."""
    at = next((at for at, name in _chunks(bytes(header), layout) if name == _COMMON), None)
    if at is None or len(header) < at + 30:
        return
    channels, bits = (int.from_bytes(header[place : place + 2], "big") for place in (at + 8, at + 14))
    width = channels * _COMPRESSED.get(bytes(header[at + 26 : at + 30]), -(-bits // 8))
    if not 0 < int.from_bytes(header[at + 10 : at + 14], "big") * max(1, width) < _NONSENSE * size:
        header[at + 10 : at + 14] = min(size // max(1, width), 0xFFFF_FFFF).to_bytes(4, "big")


def _lacking(file: SeekableFile, part: Part, layout: _Layout, end: int) -> bytes:
    """What the last chunk behind the samples would have to be whole."""
    size, at = part.end - part.start, layout.after(end)
    for _ in range(_MOST_CHUNKS):
        length = layout.read(read_at(file, part.start + at, layout.head))
        if length is None or at >= size:
            return b""
        if at + length > size:
            return b"\0" * (at + length - size if at + length - size <= _LONGEST_TAIL else 0)
        at = layout.after(at + length)
    return b""
