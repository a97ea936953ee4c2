"""Whether an Ogg file was cut off: its pages say how long they are, but nothing says how many there are.

Source: RFC 3533, section 6.
"""

from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import read_at, size_of

_MARK = b"OggS\0"
_LONGEST_PAGE = 65_307
_HEADER = 27  # bytes before the table of a page's segments, the last of which is their number


def ends_within_page(file: SeekableFile) -> bool:
    """Whether the file ends in the midst of a page; False too where its end is no page at all."""
    size = size_of(file)
    end = read_at(file, max(0, size - _LONGEST_PAGE), _LONGEST_PAGE)
    at = end.rfind(_MARK)
    if at < 0:
        return False
    head = end[at : at + _HEADER]
    if len(head) < _HEADER:
        return True
    table = end[at + _HEADER : at + _HEADER + head[-1]]
    return len(table) < head[-1] or at + _HEADER + head[-1] + sum(table) > len(end)
