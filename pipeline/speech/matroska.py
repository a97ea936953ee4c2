"""The Matroska and WebM files that follow one another in a file, and where the sound of one begins.

What is damaged before the description of the tracks isn't needed: such a file is read from there on, behind a beginning
that is put in the place of its own.

Sources: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import CONTAINERS, MediaType
from pipeline.speech.window import find, read_at

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_INFO = b"\x15\x49\xa9\x66"
_TRACKS = b"\x16\x54\xae\x6b"
_CLUSTER = b"\x1f\x43\xb6\x75"
_SIBLINGS = frozenset(  # of the tracks: all that may stand on their level, and void space
    bytes.fromhex(name)
    for name in (
        "1f43b675",
        "1549a966",
        "114d9b74",
        "1c53bb6b",
        "1254c367",
        "1043a770",
        "1941a469",
        "ec",
        "bf",
    )
)
_BEGINNING = _EBML + b"\x8b\x42\x82\x88matroska" + _SEGMENT + b"\x01" + b"\xff" * 7  # of unknown length
_MOST_HEADER_BYTES = 1 << 20
_SCALE = b"\x2a\xd7\xb1"
_TIMESTAMP = b"\xe7"
_USUAL_SCALE = 1_000_000  # nanoseconds that a time stamp counts
_MOST_ELEMENTS = 1_000
_LONGEST_HEAD = 12  # bytes of an element's name and size
_LONGEST_NUMBER = 8


@dataclass(frozen=True, slots=True)
class _Element:
    name: bytes
    begin: int  # of what it holds
    end: int | None  # None if that isn't known


def webm_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """A segment that doesn't end where the file or the next one does is searched for that."""
    following: int | None = start
    while following is not None:
        start = following
        segment = _segment(file, start)
        end = None if segment is None else segment.end
        if end is not None and (end == size or read_at(file, end, 4) == _EBML):
            following = end if end < size else None
        else:
            following = find(file, CONTAINERS[MediaType.WEBM], start + 1, size)
        there = (size if following is None else following) - start
        missing = max(0, end - start - there) / max(1, there) if end is not None else 0.0
        tracks = (
            None if _leads_to_sound(file, segment, start + there) else _tracks_at(file, start, start + there)
        )
        begin, header = (start, b"") if tracks is None else (tracks, _BEGINNING)
        yield Part(begin, start + there, header, missing_share=missing)


def first_cluster(file: SeekableFile, size: int) -> tuple[int, float] | None:
    """Where the first cluster of the file at 0 is, in bytes, and when it begins, in seconds. None where nothing leads
    there.
    """
    segment = _segment(file, 0)
    scale = _USUAL_SCALE
    for element in _children(file, segment, size) if segment is not None else ():
        if element.name == _INFO:
            scale = _number(file, element, _SCALE, size) or _USUAL_SCALE
        if element.name == _CLUSTER:
            stamp = _number(file, element, _TIMESTAMP, size)
            return None if stamp is None else (element.begin, stamp * scale / 1e9)
    return None


def _leads_to_sound(file: SeekableFile, segment: _Element | None, size: int) -> bool:
    names = set()
    for element in _children(file, segment, size) if segment is not None else ():
        names.add(element.name)
        if element.name == _CLUSTER:
            break
    return {_TRACKS, _CLUSTER} <= names


def _tracks_at(file: SeekableFile, start: int, end: int) -> int | None:
    """Where the description of the tracks begins: one that something follows which may."""
    head = read_at(file, start, min(_MOST_HEADER_BYTES, end - start))
    for found in re.finditer(re.escape(_TRACKS), head):
        tracks = _element(file, start + found.start())
        if tracks is not None and tracks.end is not None:
            following = _element(file, tracks.end)
            if following is not None and following.name in _SIBLINGS:
                return start + found.start()
    return None


def _segment(file: SeekableFile, at: int) -> _Element | None:
    header = _element(file, at)
    if header is None or header.name != _EBML or header.end is None:
        return None
    segment = _element(file, header.end)
    return segment if segment is not None and segment.name == _SEGMENT else None


def _number(file: SeekableFile, parent: _Element, name: bytes, size: int) -> int | None:
    for element in _children(file, parent, size):
        if element.name == name and element.end is not None:
            length = min(element.end - element.begin, _LONGEST_NUMBER)
            return int.from_bytes(read_at(file, element.begin, length), "big")
    return None


def _children(file: SeekableFile, parent: _Element, size: int) -> Iterator[_Element]:
    at, end = parent.begin, size if parent.end is None else min(parent.end, size)
    for _ in range(_MOST_ELEMENTS):
        element = _element(file, at) if at < end else None
        if element is None:
            return
        yield element
        if element.end is None:
            return
        at = element.end


def _element(file: SeekableFile, at: int) -> _Element | None:
    """The one at `at`; None where none can be."""
    head = read_at(file, at, _LONGEST_HEAD)
    width = 9 - head[0].bit_length() if head else 0
    if not 0 < width <= 4 or len(head) <= width or not head[width]:
        return None
    name, head = head[:width], head[width:]
    width = 9 - head[0].bit_length()
    value = int.from_bytes(head[:width], "big") & ((1 << 7 * width) - 1)
    begin = at + len(name) + width
    return _Element(name, begin, None if value == (1 << 7 * width) - 1 else begin + value)
