"""The MP4s that follow one another in a file, and what is wrong with their sizes.

A recorder that is stopped may leave a wrong size of its samples, behind which nobody finds the index; what cuts the end
off cuts the index, which stands there as often as not. Sources: ISO/IEC 14496-12, Apple's QuickTime file format.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self, TypeGuard

from pipeline.speech.cut_index import MOST_INDEX_BYTES, completion
from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import CONTAINERS, MediaType
from pipeline.speech.window import find, read_at

_MOST_BOXES = 200_000  # a fragmented MP4 of a day has one or two a second
_LONGEST_HEADER = 1 << 20  # bytes before the samples
_FRAGMENT = rb"....moof....mfhd"
_NEXT_FILE = CONTAINERS[MediaType.MP4]
_NEXT_FRAGMENT = re.compile(_FRAGMENT + b"|" + _NEXT_FILE.pattern, re.DOTALL)
_NEXT_INDEX = re.compile(b"....moov....mvhd|" + _NEXT_FRAGMENT.pattern, re.DOTALL)
_LARGE = 1  # a size of 32 bits that says that one of 64 follows


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    at: int
    end: int  # as it says, or where the file ends
    header: int  # bytes


def mp4_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """An `ftyp` behind samples begins another file. Behind damage it goes on with the next file or fragment."""
    search = _Search(file, size)
    at, before, walk = start, start, _Walk(file, start)
    for _ in range(_MOST_BOXES):
        box = _box(file, at, size)
        if box is not None and box.kind == b"mdat" and b"moov" not in walk.seen:
            box = walk.corrected(box, search)
        if not _is_whole(box, size):
            following = search.after(walk.following, before + 8)  # the size before may be what is wrong
            if following is not None:
                goes_on = read_at(file, following + 4, 4) == b"moof"
                yield walk.broken(box, at, following, goes_on)
                walk = walk.resumed(following) if goes_on else _Walk(file, following)
                at = before = following
                continue
            if box is None or b"moof" in walk.seen:
                yield walk.broken(box, at, size, goes_on=False)
                return
        elif box.kind == b"ftyp" and b"mdat" in walk.seen:
            yield walk.part(at)
            walk = _Walk(file, at)
        walk.seen.setdefault(box.kind, box)
        if box.end >= size:
            break
        before, at = at, box.end
    yield walk.part(size)


class _Search:
    """For what a file goes on with, along it. What was found, or wasn't, holds for every place up to there."""

    def __init__(self, file: SeekableFile, size: int) -> None:
        self._file = file
        self._size = size
        self._known: dict[re.Pattern[bytes], tuple[range, int | None]] = {}

    def after(self, pattern: re.Pattern[bytes], at: int) -> int | None:
        """Where the pattern matches first from `at` on."""
        places, found = self._known.get(pattern, (range(0), None))
        if at not in places:
            found = find(self._file, pattern, at, self._size)
            self._known[pattern] = (range(at, self._size if found is None else found + 1), found)
        return found

    def strayed(self, samples: _Box) -> int | None:
        """Where the index behind the samples is, or the next file, if their size leads elsewhere."""
        following = _box(self._file, samples.end, self._size) if samples.end < self._size else None
        if _is_whole(following, self._size):
            return None
        found = self.after(_NEXT_INDEX, samples.at + samples.header)
        return None if found == samples.end else found


class _Walk:
    """Along the boxes of one MP4. `seen`: the first of each kind."""

    def __init__(self, file: SeekableFile, start: int) -> None:
        self.seen: dict[bytes, _Box] = {}
        self._file = file
        self._start = start
        self._begin = start  # of what is behind the header
        self._header = b""
        self._resumes = False

    @property
    def following(self) -> re.Pattern[bytes]:
        """What it may go on with behind damage, or the next file."""
        return _NEXT_FRAGMENT if b"moof" in self.seen else _NEXT_FILE

    def broken(self, box: _Box | None, at: int, following: int, goes_on: bool) -> Part:
        """Up to what is no whole box at `at`. `following`: where it goes on, or the next file begins, or this ends."""
        is_cut = following < at or (box is not None and box.kind.isalnum())
        if box is not None and box.kind in (b"mdat", b"moov"):
            self.seen.setdefault(box.kind, box)
            at = following
        part = self.part(min(at, following))
        return replace(part, breaks_off=is_cut and b"moof" in self.seen and not goes_on)

    def part(self, end: int) -> Part:
        tail, index, samples = b"", self.seen.get(b"moov"), self.seen.get(b"mdat")
        if index is not None and index.end > end and samples is not None:
            begun = read_at(self._file, index.at, min(end - index.at, MOST_INDEX_BYTES))
            samples_at = samples.at + samples.header - self._start
            tail = completion(begun, index.end - index.at, samples_at)
        from_zero = b"moof" not in self.seen
        return Part(self._begin, end, self._header, from_zero=from_zero, tail=tail, resumes=self._resumes)

    def resumed(self, at: int) -> Self:
        """The same, from there on, behind the beginning again."""
        first = self.seen[b"moof"].at
        self._header = self._header or read_at(
            self._file, self._start, min(first - self._start, _LONGEST_HEADER)
        )
        self._begin, self._resumes = at, True
        return self

    def corrected(self, samples: _Box, search: _Search) -> _Box:
        """With the size that leads to the index behind the samples, or to the next file."""
        index = search.strayed(samples)
        if index is None:
            return samples
        self._header = _resized(self._file, self._start, samples, index)
        self._begin = self._start + len(self._header)
        return _Box(samples.kind, samples.at, index, samples.header)


def _is_whole(box: _Box | None, size: int) -> TypeGuard[_Box]:
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
