"""Windows Media files: how much their header promises, and data that goes on behind its declared end.

Source: Advanced Systems Format Specification, revision 01.20.06, sections 2.2, 3.2, 5.1 and 6.
"""

import re
from dataclasses import replace

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import read_at

_PROPERTIES = re.compile(rb"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65")
_DATA = re.compile(rb"\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")
_INDEXES = (  # the objects that may follow the data: simple index, index, media object index, timecode index
    b"\x90\x08\x00\x33\xb1\xe5\xcf\x11\x89\xf4\x00\xa0\xc9\x03\x49\xcb",
    b"\xd3\x29\xe2\xd6\xda\x35\xd1\x11\x90\x34\x00\xa0\xc9\x03\x49\xbe",
    b"\xf8\x03\xb1\xfe\xad\x12\x64\x4c\x84\x0f\x2a\x1d\x2f\x7a\xd4\x8c",
    b"\xd0\x3f\xb7\x3c\x4a\x0c\x03\x48\x95\x3d\xed\xf7\xb6\x22\x8f\x0c",
)
_HEADER_BYTES = 65_536
_FEWEST_BYTES = 50  # of data: an object without packets


def promised_bytes(head: bytes) -> int:
    """Of the whole file; 0 where the header doesn't tell."""
    properties = _PROPERTIES.search(head)
    return int.from_bytes(head[properties.end() + 24 :][:8], "little") if properties else 0


def widened(file: SeekableFile, part: Part) -> Part:
    """The same part, with data that reaches to its end where no index is: FFmpeg reads to the declared end alone."""
    head = read_at(file, part.start, min(_HEADER_BYTES, part.end - part.start))
    data = _DATA.search(head)
    if data is None:
        return part
    begin, length = part.start + data.start(), int.from_bytes(head[data.end() :][:8], "little")
    if length < _FEWEST_BYTES or begin + length >= part.end:
        return part
    if read_at(file, begin + length, len(_INDEXES[0])) in _INDEXES:
        return part
    header = head[: data.end()] + (part.end - begin).to_bytes(8, "little")
    return replace(part, start=begin + len(_INDEXES[0]) + 8, header=header)
