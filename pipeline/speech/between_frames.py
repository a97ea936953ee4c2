"""How much sound is lost between the frames of a stream without a container.

FFmpeg looks for the next frame, and gives what is before it as one packet that can't be decoded, or as the tail of the
frame before. Its bytes last as long as as many bytes of frames do.
"""

from av.audio.stream import AudioStream
from av.packet import Packet

from pipeline.speech.sniff import FRAMES, MediaType

_HEADER_BYTES = 16
_LEAST_EXCESS = 64  # bytes behind a frame; some encoders pad
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # where files were joined: no sound


class BetweenFrames:
    """Of one stream, packet by packet, in seconds. One in a container has nothing between its packets."""

    def __init__(self, media_type: MediaType | None) -> None:
        self._frame_at = FRAMES.get(media_type) if media_type is not None else None
        self._bytes = 0
        self._seconds = 0.0
        self._in_tag = False

    def behind(self, packet: "Packet[AudioStream]") -> float:
        """Lost behind a frame that was decoded."""
        length = self._length(packet)
        if length is None:
            return 0.0
        self._bytes += length
        self._seconds += lasts(packet)
        self._in_tag = _is_tag(packet, length)
        tail = packet.size - length
        return self._last(tail) if tail > _LEAST_EXCESS and not self._in_tag else 0.0

    def instead_of(self, packet: "Packet[AudioStream]") -> float:
        """Lost with a packet that can't be decoded."""
        if self._frame_at is None or not self._bytes:
            return lasts(packet)
        self._in_tag = self._in_tag or _is_tag(packet, 0)
        if self._in_tag:
            return 0.0
        return lasts(packet) if self._length(packet) == packet.size else self._last(packet.size)

    def _length(self, packet: "Packet[AudioStream]") -> int | None:
        """Bytes of the frame that it begins with, as that says."""
        frame = None if self._frame_at is None else self._frame_at(_bytes(packet, 0), 0)
        return None if frame is None else frame.length

    def _last(self, size: int) -> float:
        return size * self._seconds / self._bytes


def lasts(packet: "Packet[AudioStream]") -> float:
    return float((packet.duration or 0) * (packet.time_base or 0))


def _is_tag(packet: "Packet[AudioStream]", at: int) -> bool:
    return _bytes(packet, at).startswith(_TAGS)


def _bytes(packet: "Packet[AudioStream]", at: int) -> bytes:
    return bytes(memoryview(packet)[at : at + _HEADER_BYTES])
