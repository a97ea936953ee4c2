"""Stretches of a block: where speech is, how it is packed into windows, and what of it no word covers. Their seconds
count from the block's start.

Silero's voice activity detection, which faster-whisper ships, finds the speech; stretches of it are packed into
windows no longer than the model hears at once, so that windows begin and end in silence. The idea is WhisperX's
(Bain, Huh, Han, Zisserman, 2023).
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]

from pipeline.speech.levels import swings
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.transcript import Span

# Around a stretch. Less than 0.4 cut off word ends; and Whisper knows by the silence behind it that a sentence ends
PAD_SECONDS, PAD_BEHIND_SECONDS = 0.4, 1.0
LEAST_SECONDS = (
    1.0  # of speech without a word: less is a breath, a laugh, or a word's end that is told too early
)
_MIN_SILENCE_MS = 160
_SURE, _FAINT = 0.5, 0.15  # probabilities of speech, by the detector
_LEAST_FAINT = 0.5  # seconds; a short answer, where the detector is sure of little, and elsewhere a breath
_MUCH = 0.15  # of what it is sure of
SLACK_SECONDS = 0.3  # by which a word's times may be wrong
_JOINED_SECONDS = 0.7  # stretches without words that are closer together are heard again together


def find_speech(samples: Samples, longest: float) -> list[Span]:
    """Stretches of speech in order, without the silence around them; with what `padded` adds at most `longest`
    seconds.
    """
    return _found(samples, longest, _SURE)


def find_faint(samples: Samples, speech: Sequence[Span], longest: float) -> list[Span]:
    """Stretches between those of `speech` that may be speech too: in a telephone's band the detector is seldom sure.

    It looks at each pause by itself: what came before would be all that it goes by. Nor is it sure of steady noise.
    """
    edges = [0.0, *(edge for stretch in speech for edge in stretch), len(samples) / RATE]
    faint = [
        (start + first, start + last)
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if stop - start >= _LEAST_FAINT
        for first, last in _found(_cut(samples, (start, stop)), longest, _FAINT)
    ]
    least = _LEAST_FAINT if _seconds(faint) > _MUCH * _seconds(speech) else LEAST_SECONDS
    return [
        (start, end) for start, end in faint if end - start >= least and swings(_cut(samples, (start, end)))
    ]


def _cut(samples: Samples, span: Span) -> Samples:
    return samples[round(span[0] * RATE) : round(span[1] * RATE)]


def _seconds(stretches: Iterable[Span]) -> float:
    return sum(end - start for start, end in stretches)


def _found(samples: Samples, longest: float, sure: float) -> list[Span]:
    options = VadOptions(
        threshold=sure,
        max_speech_duration_s=longest - PAD_SECONDS - PAD_BEHIND_SECONDS,
        min_silence_duration_ms=_MIN_SILENCE_MS,
        speech_pad_ms=0,
    )
    return [(chunk["start"] / RATE, chunk["end"] / RATE) for chunk in get_speech_timestamps(samples, options)]


def padded(speech: Sequence[Span], end: float) -> list[Span]:
    """With `PAD_SECONDS` of what is before each and `PAD_BEHIND_SECONDS` of what is behind it, or half the silence to
    its neighbour where that is less. `end`: the block's, in seconds.
    """
    halves = [math.inf, *((after[0] - before[1]) / 2 for before, after in pairwise(speech)), math.inf]
    return [
        (max(0.0, start - min(PAD_SECONDS, before)), min(end, stop + min(PAD_BEHIND_SECONDS, behind)))
        # Not strict: where there is no speech, there is still one pair
        for (start, stop), (before, behind) in zip(speech, pairwise(halves), strict=False)
    ]


def to_windows(speech: Iterable[Span], longest: float) -> list[Span]:
    """Join neighbouring stretches of speech, with the silence between, as long as they fit one window."""
    windows: list[Span] = []
    for start, end in speech:
        if windows and end - windows[-1][0] <= longest:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows


def within(speech: Iterable[Span], window: Span) -> list[Span]:
    """What of it lies in the window."""
    first, last = window
    return [(max(start, first), min(end, last)) for start, end in speech if end > first and start < last]


def uncovered(speech: Sequence[Span], words: Iterable[Span]) -> list[Span]:
    """Stretches of speech of at least `LEAST_SECONDS` that no word covers."""
    covered = sorted((start - SLACK_SECONDS, end + SLACK_SECONDS) for start, end in words)
    gaps: list[Span] = []
    first = 0
    for start, end in speech:
        at = start
        while first < len(covered) and covered[first][1] <= start:
            first += 1
        for word_start, word_end in covered[first:]:
            if word_start >= end:
                break
            if word_start > at:
                gaps.append((at, word_start))
            at = max(at, word_end)
        if at < end:
            gaps.append((at, end))
    return [(start, end) for start, end in gaps if end - start >= LEAST_SECONDS]


def joined(gaps: Iterable[Span], words: Sequence[Span], longest: float) -> list[Span]:
    """Neighbours among stretches without words, as one where no word lies between: more context, fewer windows."""
    together: list[Span] = []
    for start, end in gaps:
        if together and start - together[-1][1] <= _JOINED_SECONDS and end - together[-1][0] <= longest:
            before = together[-1][1]
            if not any(before <= (word[0] + word[1]) / 2 <= start for word in words):
                together[-1] = (together[-1][0], end)
                continue
        together.append((start, end))
    return together
