"""Which audio track is heard where there are several: languages, or a microphone beside a screen's sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from pipeline.errors import SmeltError
from pipeline.speech import container
from pipeline.speech.frames import Place, frames
from pipeline.speech.losses import Losses
from pipeline.speech.resampling import Resampler
from pipeline.speech.sniff import MediaType
from pipeline.speech.window import Window
from pipeline.states import ErrorCode

_MOST_TRIED = 64
_MOST_SECONDS = 14_400.0  # that are decoded of all that are silent
_MOST_OF_ONE = 1_800.0  # seconds: who begins to speak later is not looked for
_SILENCE = 1e-3  # of full scale: nobody speaks so quietly


@dataclass(frozen=True, slots=True)
class Track:
    number: int  # among the audio tracks, from 1
    count: int


@contextmanager
def opened(
    window: Window, media_type: MediaType
) -> Iterator[tuple[InputContainer, AudioStream, Track | None]]:
    """As `container.opened`, with the default track or, where that can't be decoded or is silent, the first other
    that isn't. Which one is told where there are several.
    """
    with container.opened(window, media_type) as (media, stream):
        audio = [one.index for one in media.streams.audio]
        if len(audio) == 1:
            yield media, stream, None
            return
        candidates = [one.index for one in container.decodable(media)][:_MOST_TRIED]
    most = min(_MOST_OF_ONE, _MOST_SECONDS / len(candidates))
    index = next((one for one in candidates if _sounds(window, media_type, one, most)), candidates[0])
    with container.opened(window, media_type, index) as (media, stream):
        yield media, stream, Track(audio.index(index) + 1, len(audio))


def _sounds(window: Window, media_type: MediaType, index: int, most: float) -> bool:
    try:
        with container.opened(window, media_type, index) as (media, stream):
            return _is_loud(media, stream, most, Losses(media_type, window, lambda _: None))
    except SmeltError as error:
        if error.code is not ErrorCode.CORRUPTED_FILE:
            raise
        return False


def _is_loud(media: InputContainer, stream: AudioStream, most: float, losses: Losses) -> bool:
    resampler, seconds = Resampler(), 0.0
    for frame in frames(media, stream, Place(), losses):
        seconds += frame.samples / frame.sample_rate
        if seconds > most:
            return False
        if any(piece.size and float(np.abs(piece).max()) > _SILENCE for piece in resampler.feed(frame)):
            return True
    return any(piece.size and float(np.abs(piece).max()) > _SILENCE for piece in resampler.flush())
