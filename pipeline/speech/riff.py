"""Where the sound of a WAV is, whatever its sizes say.

Sizes are wrong in many honest WAVs: written to a pipe, cut off, off by a header, appended to, joined with another. So
the samples go to the declared end where what follows are chunks, and else to the next WAV header or the file's end.
Each WAV, and each further `data` chunk in one, is decoded behind a header of our own. Sources: the RIFF chapter of
Microsoft's multimedia programming reference, EBU Tech 3306 (RF64).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.wave_format import SHORTEST, decodable, is_format
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
_DAMAGED_DATA = re.compile(rb".ata|d.ta|da.a|dat.", re.DOTALL)
_FORMAT = re.compile(rb"fmt [\x10\x12\x28]\0\0\0")
_TAGS = (  # and chunks that stand behind samples, whole or cut off
    *(b"APETAGEX", b"DISP", b"FLLR", b"ID3", b"JUNK", b"LIST", b"PAD ", b"PEAK", b"TAG", b"_PMX", b"afsp"),
    *(b"axml", b"bext", b"cart", b"cue ", b"fact", b"iXML", b"id3 ", b"inst", b"junk", b"smpl"),
)
_WITHOUT_BITS = 14  # bytes of an older `fmt ` chunk


@dataclass(slots=True)
class _Header:
    format: bytes = b""  # the payload of `fmt `
    format_end: int = 0  # of its chunk
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
    if read_at(file, at, 4) == b"data":
        header = _walked(file, at, size, _Header(before.format))
    else:
        header = _walked(file, at + 12, size, _Header())
    return header if header.data_at is not None and header.format else _searched(file, at, size, header)


def _walked(file: SeekableFile, here: int, size: int, header: _Header) -> _Header:
    """What the chunks from `here` on say."""
    for _ in range(_MAX_CHUNKS):
        if here + 8 > size:
            break
        chunk = read_at(file, here, 8)
        name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
        end = here + 8 + length
        if name == b"data":
            header.data_at = here + 8
            large = length == 0xFFFF_FFFF and header.large_size
            header.data_size = header.large_size if large else length
            break
        if name == b"ds64":
            header.large_size = int.from_bytes(read_at(file, here + 16, 8), "little")
        if name == b"fmt ":
            header.format = _read_format(file, here, length)
            header.format_end = end
        is_unpadded = length % 2 and end < size and read_at(file, end, 4) in (b"fmt ", b"data")
        here = end if is_unpadded else end + length % 2
    return header


def _read_format(file: SeekableFile, chunk_at: int, length: int) -> bytes:
    least = _WITHOUT_BITS if _WITHOUT_BITS <= length < SHORTEST else SHORTEST
    payload = read_at(file, chunk_at + 8, min(max(length, least), _LONGEST_FORMAT))
    return decodable(payload.ljust(SHORTEST, b"\0"))


def _searched(file: SeekableFile, at: int, size: int, header: _Header) -> _Header:
    """With what the chunks of the WAV at `at` didn't lead to, or whose name is damaged."""
    end = min(size, at + _SEARCHED_BYTES)
    end = find(file, _NEXT, at + 12, end) or end
    if header.data_at is None:
        header.data_at, header.data_size = _samples(file, at + 12, end, size, header)
    if not header.format and header.data_at is not None:
        found = find(file, _FORMAT, at + 12, header.data_at)
        before = read_at(file, max(at, header.data_at - 8 - SHORTEST), SHORTEST)
        if found is not None:
            header.format = _read_format(file, found, read_at(file, found + 4, 1)[0])
        elif is_format(before):
            header.format = before
    return header


def _samples(file: SeekableFile, at: int, end: int, size: int, header: _Header) -> tuple[int | None, int]:
    """Where the samples begin, and how many bytes their chunk says. The word `data` may also stand in a text: then what
    is taken for a size leads far behind the file's end.
    """
    words = _DATA.finditer(read_at(file, at, max(0, end - at)))
    chunks = [_chunk(file, at + one.start()) for one in islice(words, _MAX_CHUNKS)]
    if not chunks and _DAMAGED_DATA.fullmatch(read_at(file, header.format_end, 4)):
        begin, length = _chunk(file, header.format_end)
        is_whole = begin + length <= size and not _after(file, begin + length, size)[1]
        chunks = [(begin, length)] if is_whole or length >= _UNKNOWN_SIZE else []

    def excess(chunk: tuple[int, int]) -> int:
        return 0 if chunk[1] >= _UNKNOWN_SIZE else max(0, sum(chunk) - size)

    return min((one for one in chunks if one[0] <= size), key=excess, default=(None, 0))


def _chunk(file: SeekableFile, at: int) -> tuple[int, int]:
    """Where the payload of the chunk at `at` begins, and its bytes."""
    return at + 8, int.from_bytes(read_at(file, at + 4, 4), "little")


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
            return None, 0 if read_at(file, at, 8).startswith(_TAGS) else max(0, size - at)
    return None, max(0, size - at)


def _part(header: _Header, begin: int, end: int, missing_share: float = 0.0) -> Part:
    length = min(end - begin, 0xFFFF_FFFF)
    padding = b"\0" * (len(header.format) % 2)
    chunk = b"fmt " + len(header.format).to_bytes(4, "little") + header.format + padding
    head = b"WAVE" + chunk + b"data" + length.to_bytes(4, "little")
    whole = min(len(head) + length, 0xFFFF_FFFF).to_bytes(4, "little")
    return Part(begin, end, b"RIFF" + whole + head, missing_share)
