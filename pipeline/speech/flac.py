"""Where the frames of a FLAC begin, whatever the blocks before them say.

A block whose size is wrong leads past them, and FFmpeg takes no block sizes or rate that can't be. Then the frames are
given behind a header of our own. Source: RFC 9639, sections 8 and 9.1.
"""

import re
from collections.abc import Iterator

from pipeline.speech.part import Part
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import CONTAINERS, MediaType
from pipeline.speech.window import read_at

_MARK = b"fLaC"
_ONLY_INFO = b"\x80\0\0\x22"  # the header of the first block, which must be there, if it is the last one too
_INFO_END = 42  # bytes of the file up to that block's end
_LAST = 0x80
_LEAST_BLOCK, _MOST_BLOCK = 16, 0xFFFF  # samples
_MOST_BLOCKS = 1_000
_SEARCHED_BYTES = 32 << 20  # a picture takes 16 MiB at the most
_STEP_BYTES = 1 << 20
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
LONGEST_HEADER = 16
"""Bytes of a frame's."""

_RATES = {1: 88_200, 2: 176_400, 3: 192_000, 4: 8_000, 5: 16_000, 6: 22_050, 7: 24_000, 8: 32_000, 9: 44_100}
_RATES |= {10: 48_000, 11: 96_000}


def flac_parts(file: SeekableFile, start: int, size: int) -> Iterator[Part]:
    """One, since FFmpeg reads on into a FLAC that follows."""
    head = read_at(file, start, _INFO_END)
    info = head[8:]
    if not CONTAINERS[MediaType.FLAC].match(head) or len(head) < _INFO_END:
        yield Part(start, size)
        return
    led_to = _behind_blocks(file, start, size)
    frame = _frame(file, start + _INFO_END, size) if led_to is None else led_to
    possible = info if frame is None else _possible(info, read_at(file, frame, LONGEST_HEADER))
    if frame is None or (frame == led_to and possible == info):
        yield Part(start, size)
    else:
        yield Part(frame, size, _MARK + _ONLY_INFO + possible)


def stamp(header: bytes) -> int | None:
    """Samples before a frame, by its header; None where that isn't one."""
    if not _is_frame(header):
        return None
    ones = _ones(header)
    number = header[4] & (0x7F >> ones)
    for byte in header[5 : 4 + max(1, ones)]:
        number = number << 6 | byte & 0x3F
    by_sample = header[1] & 1
    return number if by_sample else number * _block(header)


def _block(header: bytes) -> int:
    """Samples of a frame."""
    code, at = header[2] >> 4, 4 + max(1, _ones(header))
    if code < 6:
        return 192 if code == 1 else 576 << code - 2
    if code < 8:
        return int.from_bytes(header[at : at + code - 5], "big") + 1
    return 256 << code - 8


def _behind_blocks(file: SeekableFile, start: int, size: int) -> int | None:
    """Where they end; None if they lead to no frame."""
    at = start + len(_MARK)
    for _ in range(_MOST_BLOCKS):
        header = read_at(file, at, 4)
        at += 4 + int.from_bytes(header[1:], "big")
        if at > size or len(header) < 4 or header[0] & _LAST:
            break
    return at if _is_frame(read_at(file, at, LONGEST_HEADER)) else None


def _frame(file: SeekableFile, at: int, size: int) -> int | None:
    """Where the first frame begins from `at` on."""
    for begin in range(at, min(size, at + _SEARCHED_BYTES), _STEP_BYTES):
        block = read_at(file, begin, _STEP_BYTES + LONGEST_HEADER)
        for sync in _SYNC.finditer(block, 0, _STEP_BYTES + 1):
            if _is_frame(block[sync.start() : sync.start() + LONGEST_HEADER]):
                return begin + sync.start()
    return None


def _is_frame(header: bytes) -> bool:
    """Whether the bytes begin with a frame's header, by what it may say and its checksum."""
    if not _SYNC.match(header) or len(header) < LONGEST_HEADER:
        return False
    block, rate, channels, width = header[2] >> 4, header[2] & 15, header[3] >> 4, header[3] >> 1 & 7
    if block == 0 or rate == 15 or channels > 10 or width == 3 or header[3] & 1:
        return False
    length = _end_of_number(header)
    return _checksum(header[:length]) == header[length]


def _end_of_number(header: bytes) -> int:
    """Where the frame's own header ends, before its checksum."""
    block = {6: 1, 7: 2}.get(header[2] >> 4, 0)
    rate = {12: 1, 13: 2, 14: 2}.get(header[2] & 15, 0)
    return min(4 + max(1, _ones(header)) + block + rate, LONGEST_HEADER - 1)


def _ones(header: bytes) -> int:
    """Before the frame's number, which is written as UTF-8 writes a character."""
    return 8 - (header[4] ^ 0xFF).bit_length()


def _checksum(data: bytes) -> int:
    """CRC-8 with the polynomial x^8 + x^2 + x + 1."""
    value = 0
    for byte in data:
        value = _CHECKSUMS[value ^ byte]
    return value


def _of_a_byte(value: int) -> int:
    for _ in range(8):
        value = (value << 1 ^ 0x107) if value & 0x80 else value << 1
    return value


_CHECKSUMS = bytes(map(_of_a_byte, range(256)))  # each frame's header has one


def _possible(info: bytes, frame: bytes) -> bytes:
    """The stream's description with block sizes and a rate that can be."""
    least, most = (int.from_bytes(info[at : at + 2], "big") for at in (0, 2))
    if least < _LEAST_BLOCK or most < least:
        info = _LEAST_BLOCK.to_bytes(2, "big") + _MOST_BLOCK.to_bytes(2, "big") + info[4:]
    rate = int.from_bytes(info[10:13], "big") >> 4
    if rate == 0:
        written = _RATES.get(frame[2] & 15, 0) << 4 | info[12] & 15
        info = info[:10] + written.to_bytes(3, "big") + info[13:]
    return info
