"""The Oggs that follow one another in a file, and whether it was cut off: pages say how long they are, but nothing says
how many there are. FFmpeg leaves out a page of which a bit is wrong, and without one of the first hears nothing: those
get the checksums that they need.

Source: RFC 3533, section 6.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import find, read_at

_MARK = b"OggS\0"
_BEGIN = _MARK + b"\2"  # the flag of a stream's first page
_FIRST = re.compile(_BEGIN)
_BEFORE_SOUND = (b"\0" * 8, b"\xff" * 8)  # positions of pages that hold headers
_MOST_HEADERS = 10_000  # pages
_LONGEST_PAGE = 65_307
_MOST_HEADER_BYTES = 1 << 20  # a picture among them
_POSITION, _SERIAL, _CHECKSUM = slice(6, 14), slice(14, 18), slice(22, 26)  # of a page
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_HEADER = 27  # bytes before the table of a page's segments, the last of which is their number


def ogg_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """First pages behind sound begin another, whose streams may be in other codecs."""
    following: int | None = start
    while following is not None:
        start, sound = following, behind_headers(file, following)
        following = find(file, _FIRST, sound, size)
        end = size if following is None else following
        yield _mended(file, Part(start, end, breaks_off=_ends_within_page(file, start, end)), sound)


def behind_headers(file: SeekableFile, start: int) -> int:
    """Where the first page of sound begins, or what is no page. First pages of streams beside one another precede."""
    at = start
    for _ in range(_MOST_HEADERS):
        head = read_at(file, at, _HEADER + 255)
        if not head.startswith(_MARK) or len(head) < _HEADER:
            break
        if head[_POSITION] not in _BEFORE_SOUND and not head.startswith(_BEGIN):
            break
        at += _page_bytes(head)
    return max(at, start + 1)


def _page_bytes(head: bytes) -> int:
    return _HEADER + head[_HEADER - 1] + sum(head[_HEADER : _HEADER + head[_HEADER - 1]])


def _mended(file: SeekableFile, part: Part, end: int) -> Part:
    """The same part behind header pages that are what they ought to be. `end`: of those in the file."""
    if not end < min(part.end, part.start + _MOST_HEADER_BYTES):
        return part
    there = read_at(file, part.start, end - part.start)
    if len(there) < _HEADER:  # there is no page
        return part
    sound = read_at(file, end, _HEADER)
    alone = sound.startswith(_MARK) and len(_FIRST.findall(there)) == 1
    header = b"".join(_right(page, sound[_SERIAL] if alone else None) for page in _pages(there))
    return part if header == there else replace(part, start=end, header=header)


def _pages(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + _page_bytes(data[at : at + _HEADER + 255])
        yield data[at:end]
        at = end


def _right(page: bytes, serial: bytes | None) -> bytes:
    """`serial`: of its stream, if that is known from elsewhere."""
    right = bytearray(page)
    if page.startswith(_BEGIN):
        right[_POSITION] = bytes(8)
    right[_SERIAL] = serial or page[_SERIAL]
    right[_CHECKSUM] = bytes(4)
    right[_CHECKSUM] = _checksum(right)
    return bytes(right)


def _checksum(page: bytearray) -> bytes:
    """As zlib's, but for the order of bits and what it begins with."""
    value = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return value.to_bytes(4, "big").translate(_REVERSED)


def _ends_within_page(file: SeekableFile, start: int, size: int) -> bool:
    """Whether it ends in the midst of a page; False too where its end is no page at all."""
    begin = max(start, size - _LONGEST_PAGE)
    end = read_at(file, begin, size - begin)
    at = end.rfind(_MARK)
    if at < 0:
        return False
    head = end[at : at + _HEADER]
    if len(head) < _HEADER:
        return True
    table = end[at + _HEADER : at + _HEADER + head[-1]]
    return len(table) < head[-1] or at + _HEADER + head[-1] + sum(table) > len(end)
