"""Where the sound of a WAV is, whatever its sizes say.

Sizes are wrong in many honest WAVs: written to a pipe, cut off, off by a header, appended to, joined with another. So
the samples go to the declared end where what follows are chunks, and else to the next WAV header or the file's end.
Each WAV, and each further `data` chunk in one, is decoded behind a header of our own. Sources: the RIFF chapter of
Microsoft's multimedia programming reference, EBU Tech 3306 (RF64).
"""

import re
import struct
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
_PCM, _EXTENSIBLE = 1, 0xFFFE  # format tags
_WITHOUT_BITS, _SHORTEST, _EXTENDED = 14, 16, 40  # bytes of a `fmt ` chunk


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
    header = _Header()
    at: int | None = start
    while at is not None and at < size:
        header = _read_header(file, at, size, header)
        part, at = _wav(file, header, at, size)
        yield part


def _wav(file: SeekableFile, header: _Header, at: int, size: int) -> tuple[Part, int | None]:
    """The samples of the header that was read at `at`, and where the next WAV or `data` chunk begins."""
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


def _read_header(file: SeekableFile, at: int, size: int, before: _Header) -> _Header:
    """Of the WAV at `at`; or of the `data` chunk there, in the format of the one `before`."""
    header, here = _Header(), at + 12
    if read_at(file, at, 4) == b"data":
        header, here = _Header(before.format), at
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
            least = _WITHOUT_BITS if _WITHOUT_BITS <= length < _SHORTEST else _SHORTEST
            payload = read_at(file, here + 8, min(max(length, least), _LONGEST_FORMAT))
            header.format = _decodable(payload.ljust(_SHORTEST, b"\0"))
        here += 8 + length + length % 2
        if len(chunk) < 8 or here > size:
            break
    found = find(file, _DATA, at + 12, min(size, at + _SEARCHED_BYTES))
    if found is not None:
        header.data_at = found + 8
        header.data_size = int.from_bytes(read_at(file, found + 4, 4), "little")
    return header


def _decodable(format_: bytes) -> bytes:
    """The format with the bits that a sample takes in the file. FFmpeg decodes as many as are valid, of which there
    may be fewer, or none; those that aren't are zeros at the low end.
    """
    tag, channels, rate, speed, align, bits = struct.unpack("<HHIIHH", format_[:_SHORTEST])
    if tag == _PCM and not bits and channels:
        bits = 8 * align // channels
    fixed = struct.pack("<HHIIHH", tag, channels, rate, speed, align, bits) + format_[_SHORTEST:]
    if tag == _EXTENSIBLE and len(fixed) >= _EXTENDED and bits:
        return fixed[:18] + struct.pack("<H", bits) + fixed[20:]
    return fixed


def _after(file: SeekableFile, at: int, size: int) -> tuple[int | None, int]:
    """What follows the samples: where the next WAV or `data` chunk begins, and how many bytes are no chunk."""
    for _ in range(_MAX_CHUNKS):
        for here in (at, at + 1):  # not everybody pads
            mark = read_at(file, here, 12)
            if mark[:4] == b"data" or (mark[:4] in _MARKS and mark[8:] == b"WAVE"):
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
    padding = b"\0" * (len(header.format) % 2)
    chunk = b"fmt " + len(header.format).to_bytes(4, "little") + header.format + padding
    head = b"WAVE" + chunk + b"data" + length.to_bytes(4, "little")
    whole = min(len(head) + length, 0xFFFF_FFFF).to_bytes(4, "little")
    return Part(begin, end, b"RIFF" + whole + head, missing_share)
