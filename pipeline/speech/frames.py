"""Decoding a stream frame by frame, over what is damaged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

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
    media: InputContainer, stream: AudioStream, on_lost: Callable[[float], None], place: Place
) -> Iterator[AudioFrame]:
    """Every frame that can be decoded. `on_lost` is told how many seconds a packet would have lasted that can't be.

    `place` is kept at the packet that a frame is from. Raises av.FFmpegError where the container can't be read on.
    """
    failures = 0
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
                    on_lost(float((packet.duration or 0) * (packet.time_base or 0)))
                    continue
                yield from decoded
        except av.FFmpegError as error:
            failures += 1
            if failures > _MOST_FAILURES or isinstance(error, MemoryError):
                raise
        else:
            return
