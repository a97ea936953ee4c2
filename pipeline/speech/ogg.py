"""The Oggs that follow one another in a file, and whether it was cut off: pages say how long they are, but nothing says
how many there are.

Source: RFC 3533, section 6.
"""

import re
from collections.abc import Iterator

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import find, read_at

_MARK = b"OggS\0"
_FIRST = re.compile(rb"OggS\0\x02")  # the flag of a stream's first page
_BEFORE_SOUND = (b"\0" * 8, b"\xff" * 8)  # positions of pages that hold headers
_MOST_HEADERS = 10_000  # pages
_LONGEST_PAGE = 65_307
_HEADER = 27  # bytes before the table of a page's segments, the last of which is their number


def ogg_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """First pages behind sound begin another, whose streams may be in other codecs."""
    while (following := find(file, _FIRST, behind_headers(file, start), size)) is not None:
        yield Part(start, following, breaks_off=_ends_within_page(file, start, following))
        start = following
    yield Part(start, size, breaks_off=_ends_within_page(file, start, size))


def behind_headers(file: SeekableFile, start: int) -> int:
    """Where the first page of sound begins, or what is no page. First pages of streams beside one another precede."""
    at = start
    for _ in range(_MOST_HEADERS):
        head = read_at(file, at, _HEADER + 255)
        if not head.startswith(_MARK) or len(head) < _HEADER or head[6:14] not in _BEFORE_SOUND:
            break
        at += _HEADER + head[_HEADER - 1] + sum(head[_HEADER : _HEADER + head[_HEADER - 1]])
    return max(at, start + 1)


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
