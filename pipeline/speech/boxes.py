"""The MP4s that follow one another in a file, and what is wrong with their sizes.

A recorder that is stopped may leave a wrong size of its samples, behind which nobody finds the index; what cuts the end
off cuts the index, which stands there as often as not. Sources: ISO/IEC 14496-12, Apple's QuickTime file format.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.speech.cut_index import MOST_INDEX_BYTES, completion
from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import find, read_at

_MOST_BOXES = 200_000  # a fragmented MP4 of a day has one or two a second
_LONGEST_HEADER = 1 << 20  # bytes before the samples
_INDEX = re.compile(rb"....(?:moov....mvhd|moof....mfhd)", re.DOTALL)
_FRAGMENT = re.compile(rb"....moof....mfhd", re.DOTALL)
_LARGE = 1  # a size of 32 bits that says that one of 64 follows


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    at: int
    end: int  # as it says, or where the file ends
    header: int  # bytes


def mp4_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """A second `ftyp` behind an index and samples begins another file. Behind damage it goes on with a fragment."""
    index = _IndexSearch(file, size)
    at, before, walk = start, start, _Walk(file, start)
    for _ in range(_MOST_BOXES):
        box = _box(file, at, size)
        if b"moof" in walk.seen and not _is_whole(box, size):
            following = find(file, _FRAGMENT, before + 8, size)  # the size before may be what is wrong
            is_cut = box is not None and box.kind == b"mdat"
            yield walk.part(size if is_cut and following is None else min(following or at, at))
            if following is None:
                return
            at = before = walk.resume(following)
            continue
        if box is None:
            break
        if box.kind == b"ftyp" and b"mdat" in walk.seen and b"moov" in walk.seen:
            yield walk.part(at)
            walk = _Walk(file, at)
        if box.kind == b"mdat" and b"moov" not in walk.seen:
            box = walk.corrected(box, index)
        walk.seen.setdefault(box.kind, box)
        if box.end >= size:
            break
        before, at = at, box.end
    yield walk.part(size)


class _IndexSearch:
    """For the next index, along a file. What was found, or wasn't, holds for every place up to there."""

    def __init__(self, file: SeekableFile, size: int) -> None:
        self._file = file
        self._size = size
        self._searched: range | None = None  # the places that have the same index behind them
        self._found: int | None = None

    def strayed(self, samples: _Box) -> int | None:
        """Where the index behind the samples is, if their size leads elsewhere."""
        following = _box(self._file, samples.end, self._size) if samples.end < self._size else None
        if _is_whole(following, self._size):
            return None
        found = self._after(samples.at + samples.header)
        return None if found == samples.end else found

    def _after(self, at: int) -> int | None:
        if self._searched is None or at not in self._searched:
            self._found = find(self._file, _INDEX, at, self._size)
            self._searched = range(at, self._size if self._found is None else self._found + 1)
        return self._found


class _Walk:
    """Along the boxes of one MP4. `seen`: the first of each kind."""

    def __init__(self, file: SeekableFile, start: int) -> None:
        self.seen: dict[bytes, _Box] = {}
        self._file = file
        self._start = start
        self._begin = start  # of what is behind the header
        self._header = b""
        self._resumes = False

    def part(self, end: int) -> Part:
        tail, index, samples = b"", self.seen.get(b"moov"), self.seen.get(b"mdat")
        if index is not None and index.end > end and samples is not None:
            begun = read_at(self._file, index.at, min(end - index.at, MOST_INDEX_BYTES))
            samples_at = samples.at + samples.header - self._start
            tail = completion(begun, index.end - index.at, samples_at)
        from_zero = b"moof" not in self.seen
        return Part(self._begin, end, self._header, from_zero=from_zero, tail=tail, resumes=self._resumes)

    def resume(self, at: int) -> int:
        """Go on there, behind the beginning again."""
        first = self.seen[b"moof"].at
        self._header = self._header or read_at(
            self._file, self._start, min(first - self._start, _LONGEST_HEADER)
        )
        self._begin, self._resumes = at, True
        return at

    def corrected(self, samples: _Box, search: _IndexSearch) -> _Box:
        """With the size that leads to the index behind the samples."""
        index = search.strayed(samples)
        if index is None:
            return samples
        self._header = _resized(self._file, self._start, samples, index)
        self._begin = self._start + len(self._header)
        return _Box(samples.kind, samples.at, index, samples.header)


def _is_whole(box: _Box | None, size: int) -> bool:
    return box is not None and box.kind.isalnum() and box.end <= size


def _box(file: SeekableFile, at: int, size: int) -> _Box | None:
    head = read_at(file, at, 16)
    length, header = int.from_bytes(head[:4], "big"), 8
    if length == _LARGE:
        length, header = int.from_bytes(head[8:16], "big"), 16
    if len(head) < 8 or 0 < length < header:
        return None
    return _Box(head[4:8], at, at + length if length else size, header)


def _resized(file: SeekableFile, start: int, samples: _Box, end: int) -> bytes:
    """All up to the samples, with the size that they have. Empty where that can't be written."""
    at, length = samples.at - start, end - samples.at
    if at + samples.header > _LONGEST_HEADER or (samples.header == 8 and length > 0xFFFF_FFFF):
        return b""
    header = read_at(file, start, at + samples.header)
    size = (
        length.to_bytes(4, "big") if samples.header == 8 else header[at : at + 8] + length.to_bytes(8, "big")
    )
    return header[:at] + size + header[at + len(size) :]
