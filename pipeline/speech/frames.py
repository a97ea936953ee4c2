"""Decoding a stream frame by frame, over what is damaged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from pipeline.speech import flac
from pipeline.speech.losses import Losses

_MOST_FAILURES = 20  # of reading in a row, without a packet in between


@dataclass(slots=True)
class Place:
    """How far in the file reading has come, in bytes, and how far it jumped last."""

    at: int = 0
    skipped: int = 0

    def reach(self, at: int | None) -> None:
        if at is not None and at != self.at:
            self.at, self.skipped = at, max(0, at - self.at)


def frames(media: InputContainer, stream: AudioStream, place: Place, losses: Losses) -> Iterator[AudioFrame]:
    """Every frame that can be decoded; `losses` is told of what can't be. FLAC's have the time stamps that they tell.

    `place` is kept at the packet that a frame is from. Raises av.FFmpegError where the container can't be read on.
    """
    failures, is_flac = 0, media.format.name == "flac"
    while True:
        try:
            for packet in media.demux(stream):
                failures = 0
                place.reach(packet.pos)
                decoded = _decoded(packet, losses)
                if decoded is None:
                    continue
                losses.hear(packet)
                if is_flac:
                    _stamp(packet, decoded)
                yield from decoded
        except av.FFmpegError as error:
            failures += 1
            if failures > _MOST_FAILURES or isinstance(error, MemoryError):
                raise
        else:
            losses.end()
            return


def _decoded(packet: "Packet[AudioStream]", losses: Losses) -> Sequence[AudioFrame] | None:
    """None where it can't be."""
    if losses.is_broken(packet):
        losses.miss(packet)
        return None
    try:
        return packet.decode()
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        losses.miss(packet)
        return None


def _stamp(packet: "Packet[AudioStream]", decoded: Sequence[AudioFrame]) -> None:
    """FFmpeg numbers FLAC's frames as they come."""
    stamp = flac.stamp(bytes(memoryview(packet)[: flac.LONGEST_HEADER])) if packet.size else None
    for frame in decoded:
        if stamp is not None:
            frame.pts, frame.time_base = stamp, Fraction(1, frame.sample_rate)
