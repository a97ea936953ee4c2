"""Where the sound of a WAV is, whatever its sizes say.

Sizes are wrong in many honest WAVs: written to a pipe, cut off, off by a header, appended to, joined with another. So
the samples go to the declared end where what follows are chunks, and else to the next WAV header or the file's end.
Each WAV is decoded behind a header of our own. Sources: the RIFF chapter of Microsoft's multimedia programming
reference, EBU Tech 3306 (RF64).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.window import find, read_at

# Programs that write to a pipe can't know the size; they write the largest one, or nearly so, or none
_UNKNOWN_SIZE = 0x7FFF_0000
_MAX_CHUNKS = 1_000
_LONGEST_FORMAT = 4_096  # bytes of a `fmt ` chunk
_IGNORED_SECONDS = 0.1  # of what follows the declared end and is no chunk
_SEARCHED_BYTES = 65_536  # for samples whose chunk the sizes before it don't lead to
_MARKS = (b"RIFF", b"RF64", b"BW64")
_NEXT = re.compile(rb"(?:RIFF|RF64|BW64)....WAVE[ -~]{4}", re.DOTALL)
_DATA = re.compile(rb"data")


@dataclass(slots=True)
class _Header:
    format: bytes = b""  # the payload of `fmt `
    large_size: int = 0  # of the samples, by RF64's `ds64`
    data_at: int | None = None  # of the samples' first byte
    data_size: int = 0

    @property
    def bytes_per_second(self) -> int:
        return int.from_bytes(self.format[8:12], "little") or 1


def wav_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """The WAVs that follow one another from `start` to `size`. One that can't be understood is given as it is."""
    at: int | None = start
    while at is not None and at < size:
        part, at = _wav(file, at, size)
        yield part


def _wav(file: SeekableFile, at: int, size: int) -> tuple[Part, int | None]:
    """The WAV at `at`, and where the next one begins."""
    header = _read_header(file, at, size)
    if header.data_at is None or not header.format:
        return Part(at, size), None
    begin, declared = header.data_at, header.data_size
    unknown = declared >= _UNKNOWN_SIZE and declared != header.large_size
    if not unknown and begin + declared <= size:
        following, left = _after(file, begin + declared, size)
        if left / header.bytes_per_second <= _IGNORED_SECONDS:
            return _part(header, begin, begin + declared), following
    following = find(file, _NEXT, begin, size)
    end = size if following is None else following
    missing = 0 if unknown else max(0, begin + declared - end)
    return _part(header, begin, end, missing / max(1, end - begin)), following


def _read_header(file: SeekableFile, at: int, size: int) -> _Header:
    header = _Header()
    here = at + 12
    for _ in range(_MAX_CHUNKS):
        chunk = read_at(file, here, 8)
        name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"data":
            header.data_at = here + 8
            large = length == 0xFFFF_FFFF and header.large_size
            header.data_size = header.large_size if large else length
            return header
        if name == b"ds64":
            header.large_size = int.from_bytes(read_at(file, here + 16, 8), "little")
        if name == b"fmt ":
            header.format = read_at(file, here + 8, min(max(length, 16), _LONGEST_FORMAT))
        here += 8 + length + length % 2
        if len(chunk) < 8 or here > size:
            break
    found = find(file, _DATA, at + 12, min(size, at + _SEARCHED_BYTES))
    if found is not None:
        header.data_at = found + 8
        header.data_size = int.from_bytes(read_at(file, found + 4, 4), "little")
    return header


def _after(file: SeekableFile, at: int, size: int) -> tuple[int | None, int]:
    """What follows the samples: where the next WAV begins, and how many bytes are neither chunk nor WAV."""
    for _ in range(_MAX_CHUNKS):
        for here in (at, at + 1):  # not everybody pads
            mark = read_at(file, here, 12)
            if mark[:4] in _MARKS and mark[8:] == b"WAVE":
                return here, 0
            after = here + 8 + int.from_bytes(mark[4:8], "little")
            if len(mark) >= 8 and mark[:4].isascii() and mark[:4].decode().isprintable() and after <= size:
                at = after
                break
        else:
            break
    return None, max(0, size - at)


def _part(header: _Header, begin: int, end: int, missing_share: float = 0.0) -> Part:
    length = min(end - begin, 0xFFFF_FFFF)
    chunk = (
        b"fmt " + len(header.format).to_bytes(4, "little") + header.format + b"\0" * (len(header.format) % 2)
    )
    head = b"WAVE" + chunk + b"data" + length.to_bytes(4, "little")
    whole = min(len(head) + length, 0xFFFF_FFFF).to_bytes(4, "little")
    return Part(begin, end, b"RIFF" + whole + head, missing_share)
