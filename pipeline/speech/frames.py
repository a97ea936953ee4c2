"""Decoding a stream frame by frame, over what is damaged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from pipeline.speech import flac
from pipeline.speech.between_frames import BetweenFrames
from pipeline.speech.sniff import MediaType

_MOST_FAILURES = 20  # of reading in a row, without a packet in between


@dataclass(slots=True)
class Place:
    """How far in the file reading has come, in bytes, and how far it jumped last."""

    at: int = 0
    skipped: int = 0

    def reach(self, at: int | None) -> None:
        if at is not None and at != self.at:
            self.at, self.skipped = at, max(0, at - self.at)


def frames(
    media: InputContainer,
    stream: AudioStream,
    on_lost: Callable[[float], None],
    place: Place,
    media_type: MediaType | None = None,
) -> Iterator[AudioFrame]:
    """Every frame that can be decoded. `on_lost` is told how many seconds would have lasted what can't be.

    `place` is kept at the packet that a frame is from. With a `media_type` also what is between the frames of streams
    without a container counts, and FLAC's frames have the time stamps that they tell. Raises av.FFmpegError where the
    container can't be read on.
    """
    failures, between = 0, BetweenFrames(media_type)
    while True:
        try:
            for packet in media.demux(stream):
                failures = 0
                place.reach(packet.pos)
                try:
                    decoded = packet.decode()
                except av.FFmpegError as error:
                    if isinstance(error, MemoryError):
                        raise
                    on_lost(between.instead_of(packet))
                    continue
                if media_type is MediaType.FLAC:
                    _stamp(packet, decoded)
                yield from decoded
                between.hear(packet)
        except av.FFmpegError as error:
            failures += 1
            if failures > _MOST_FAILURES or isinstance(error, MemoryError):
                raise
        else:
            return


def _stamp(packet: "Packet[AudioStream]", decoded: Sequence[AudioFrame]) -> None:
    """FFmpeg numbers FLAC's frames as they come."""
    stamp = flac.stamp(bytes(memoryview(packet)[: flac.LONGEST_HEADER])) if packet.size else None
    for frame in decoded:
        if stamp is not None:
            frame.pts, frame.time_base = stamp, Fraction(1, frame.sample_rate)
