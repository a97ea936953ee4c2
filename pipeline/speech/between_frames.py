"""How much sound is lost between the frames of a stream without a container.

FFmpeg looks for the next frame, and gives what is before it as packets that can't be decoded. Their bytes last as long
as as many bytes of frames do.
"""

from av.audio.stream import AudioStream
from av.packet import Packet

from pipeline.speech.sniff import FRAMES, MediaType

_HEADER_BYTES = 16
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # where files were joined: no sound


class BetweenFrames:
    """Of one stream, packet by packet, in seconds. One in a container has nothing between its packets."""

    def __init__(self, media_type: MediaType | None) -> None:
        self._frame_at = FRAMES.get(media_type) if media_type is not None else None
        self._bytes = 0
        self._seconds = 0.0
        self._in_tag = False

    def hear(self, packet: "Packet[AudioStream]") -> None:
        """One that was decoded."""
        self._in_tag = False
        if self._frame_at is not None:
            self._bytes += packet.size
            self._seconds += _lasts(packet)

    def instead_of(self, packet: "Packet[AudioStream]") -> float:
        """Lost with a packet that can't be decoded."""
        if self._frame_at is None or not self._bytes:
            return _lasts(packet)
        head = bytes(memoryview(packet)[:_HEADER_BYTES])
        self._in_tag = self._in_tag or head.startswith(_TAGS)
        if self._in_tag:
            return 0.0
        frame = self._frame_at(head, 0)
        is_whole = frame is not None and frame.length == packet.size
        return _lasts(packet) if is_whole else packet.size * self._seconds / self._bytes


def _lasts(packet: "Packet[AudioStream]") -> float:
    return float((packet.duration or 0) * (packet.time_base or 0))
