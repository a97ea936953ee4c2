"""How much sound is lost with packets that can't be decoded, and between the frames of a stream without a container.

There FFmpeg looks for the next frame. It gives what is before that as packets that can't be decoded; of ADTS it gives
only what looks like a frame, so the packets' places tell. AMR's frames are whatever begins with a byte: where those
aren't what they can be, nothing is decoded. The bytes last as long as as many bytes of frames do. Source of AMR's first
byte: RFC 4867, section 5.3.
"""

from collections.abc import Callable

from av.audio.stream import AudioStream
from av.packet import Packet

from pipeline.speech.sniff import FRAMES, MediaType
from pipeline.speech.window import Window

_HEADER_BYTES = 16
_AMR_FIXED, _AMR_GOOD = 0x87, 0x04  # bits: of the first byte, and what they are in a frame without errors
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # where files were joined: no sound


class Losses:
    """Of one stream, packet by packet. `told` is called with seconds. `window`: of what FFmpeg reads, to look back."""

    def __init__(self, media_type: MediaType, window: Window, told: Callable[[float], None]) -> None:
        self._is_adts = media_type is MediaType.AAC
        self._is_amr = media_type is MediaType.AMR
        self._frame_at = FRAMES.get(media_type)
        self._measures = self._is_amr or self._frame_at is not None  # how long bytes last
        self._window = window
        self._told = told
        self._bytes = 0
        self._seconds = 0.0
        self._in_tag = False
        self._end: int | None = None  # of the last ADTS packet that was decoded

    def hear(self, packet: "Packet[AudioStream]") -> None:
        """One that was decoded."""
        self._in_tag = False
        if not packet.size or not self._measures:
            return
        if self._is_adts and packet.pos is not None:
            self._skip_to(packet.pos)
            self._end = packet.pos + packet.size
        self._bytes += packet.size
        self._seconds += _lasts(packet)

    def is_broken(self, packet: "Packet[AudioStream]") -> bool:
        """One that would be decoded to noise."""
        return self._is_amr and packet.size > 0 and memoryview(packet)[0] & _AMR_FIXED != _AMR_GOOD

    def miss(self, packet: "Packet[AudioStream]") -> None:
        """One that can't be decoded."""
        self._told(self._instead_of(packet))

    def end(self) -> None:
        """The stream ends."""
        self._skip_to(self._window.size)

    def _instead_of(self, packet: "Packet[AudioStream]") -> float:
        if self._end is not None:
            return 0.0  # it is part of what will have been skipped
        if not self._bytes:
            return _lasts(packet)
        if self._frame_at is None:
            return self._last(packet.size)
        head = bytes(memoryview(packet)[:_HEADER_BYTES])
        self._in_tag = self._in_tag or head.startswith(_TAGS)
        if self._in_tag:
            return 0.0
        frame = self._frame_at(head, 0)
        is_whole = frame is not None and frame.length == packet.size
        return _lasts(packet) if is_whole else self._last(packet.size)

    def _skip_to(self, at: int) -> None:
        if self._end is None or at <= self._end:
            return
        self._window.seek(self._end)
        if not self._window.read(_HEADER_BYTES).startswith(_TAGS):
            self._told(self._last(at - self._end))

    def _last(self, size: int) -> float:
        return size * self._seconds / self._bytes


def _lasts(packet: "Packet[AudioStream]") -> float:
    return float((packet.duration or 0) * (packet.time_base or 0))
