"""Headers of audio frames without a container: MP3 and MP2, ADTS, AC-3. And ID3 tags.

Sources: ISO/IEC 11172-3 and 13818-3 (MPEG audio frame header), ISO/IEC 13818-7 (ADTS), ETSI TS 102 366 (AC-3),
ID3v2.4 section 3.1.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

# kbit/s by index, for MPEG-1 layers II and III, and for MPEG-2/2.5 of either layer
_RATES_1_II = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_RATES_1_III = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLE_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_LAYER_II, _LAYER_III = 2, 1
_MPEG_1 = 3
_AC3_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_ID3 = (b"ID3\x02", b"ID3\x03", b"ID3\x04")  # with its version
_CONFIRMING_FRAMES = 2  # that must follow one in the midst of other bytes


@dataclass(frozen=True, slots=True)
class Frame:
    length: int  # bytes from this header to the next
    stream: tuple[int, ...]  # what every frame of one stream shares


def id3_bytes(data: bytes) -> int:
    """Length of the ID3v2 tag at the start of `data`, in bytes; 0 without one."""
    if len(data) < 10 or not data.startswith(_ID3) or data[4] == 0xFF or max(data[6:10]) > 0x7F:
        return 0
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    footer = 10 if data[5] & 0x10 else 0
    return 10 + size + footer


def mp3_frame(data: bytes, at: int) -> Frame | None:
    """The layer II or III frame whose header is at `at`; not layer I: its header is a UTF-16 mark too."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    rate_index, frequency, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer not in (_LAYER_II, _LAYER_III) or rate_index in (0, 15) or frequency == 3:
        return None
    if version == _MPEG_1:
        rate = (_RATES_1_II if layer == _LAYER_II else _RATES_1_III)[rate_index]
    else:
        rate = _RATES_2[rate_index]
    sample_rate = _SAMPLE_RATES[version][frequency]
    return Frame(
        _samples(version, layer) * rate * 125 // sample_rate + padding, (version, layer, sample_rate)
    )


def _samples(version: int, layer: int) -> int:
    """Of a frame."""
    return 576 if layer == _LAYER_III and version != _MPEG_1 else 1152


def adts_frame(data: bytes, at: int) -> Frame | None:
    """The ADTS frame whose header is at `at`."""
    if len(data) < at + 7 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return None
    frequency = data[at + 2] >> 2 & 0xF
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if frequency > 12 or length < 7:
        return None
    return Frame(length, (data[at + 1] & 8, data[at + 2] >> 6, frequency))


def ac3_frame(data: bytes, at: int) -> Frame | None:
    """The AC-3 or E-AC-3 frame whose header is at `at`."""
    if len(data) < at + 6 or data[at : at + 2] != b"\x0b\x77":
        return None
    version, frequency, size = data[at + 5] >> 3, data[at + 4] >> 6, data[at + 4] & 0x3F
    if 10 < version <= 16:  # E-AC-3
        return Frame(2 * ((data[at + 2] & 7) << 8 | data[at + 3]) + 2, (1, frequency))
    if version > 10 or frequency == 3 or size >= 2 * len(_AC3_RATES):
        return None
    rate = _AC3_RATES[size // 2]
    words = (2 * rate, rate * 96_000 // 44_100 + size % 2, 3 * rate)[frequency]
    return Frame(2 * words, (0, frequency))


FrameAt = Callable[[bytes, int], Frame | None]
_SYNC = re.compile(rb"\xff[\xe0-\xff]|\x0b\x77")


def find_frames(data: bytes, frame_at: FrameAt, limit: int) -> int | None:
    """Where frames of one stream begin in `data`, before `limit`: several that follow one another, since a single
    sync word turns up in any binary file.
    """
    for sync in _SYNC.finditer(data, 0, limit):
        if _chained(data, sync.start(), frame_at):
            return sync.start()
    return None


def frames_across(data: bytes, end: int, frame_at: FrameAt) -> int | None:
    """Where frames begin that follow one another from before `end` to behind it, so that nothing ends there."""
    begin = find_frames(data, frame_at, min(end, len(data)))
    at = len(data) if begin is None else begin
    while at < end and (frame := frame_at(data, at)) is not None:
        at += max(1, frame.length)
    return begin if end < at < len(data) else None


def _chained(data: bytes, at: int, frame_at: FrameAt) -> bool:
    first = frame_at(data, at)
    if first is None:
        return False
    frame: Frame | None = first
    for _ in range(_CONFIRMING_FRAMES):
        at += frame.length if frame is not None else 0
        frame = frame_at(data, at)
        if frame is None or frame.stream != first.stream:
            return False
    return True


def two_frames(data: bytes, frame_at: FrameAt) -> bool:
    """Whether `data` starts with two frames of one stream, or is a single whole frame."""
    first = frame_at(data, 0)
    if first is None:
        return False
    if first.length == len(data):
        return True
    second = frame_at(data, first.length)
    return second is not None and second.stream == first.stream


def xing_seconds(frame: bytes) -> float | None:
    """How long the frames last that a Xing or Info header in the stream's first frame promises; None without one."""
    first = mp3_frame(frame, 0)
    at = max(frame.find(b"Xing", 0, 64), frame.find(b"Info", 0, 64))
    if first is None or at < 0 or len(frame) < at + 12 or not frame[at + 7] & 1:
        return None
    version, layer, sample_rate = first.stream
    return int.from_bytes(frame[at + 8 : at + 12], "big") * _samples(version, layer) / sample_rate
