"""Which language is spoken in each window of a block; a window in which it may turn is cut, so that each part has one.

A model of many languages is asked about each window, also where the user named one: else a change of language would
come out as a fluent text that nobody spoke.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipeline.speech.encoded import Encoded
from pipeline.speech.languages import Detection, Languages
from pipeline.speech.samples import Features
from pipeline.speech.spans import to_windows
from pipeline.speech.transcript import Span
from pipeline.speech.whisper import Whisper

_PART_SECONDS = 10.0  # of a window in which the language may turn: what the model is still sure of


@dataclass(frozen=True, slots=True)
class Spoken:
    """A window and the language that it is to be heard in. `encoded`: what it was looked at by, if it stayed whole."""

    span: Span
    language: str
    encoded: Encoded | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """A window, or a part of one that was cut, and what the model takes it for."""

    span: Span
    detection: Detection
    encoded: Encoded | None = None


class WindowLanguages:
    """One recording's. `languages` decides, and keeps what is to be told."""

    def __init__(self, model: Whisper, languages: Languages, batch_size: int) -> None:
        self._model = model
        self._languages = languages
        self._batch_size = batch_size

    def of(
        self, features: Features, windows: Sequence[Span], speech: Sequence[Span], at: float
    ) -> list[Spoken]:
        """The block's windows, each in its language. `speech`: with the silence that belongs to it; seconds from the
        block's start, which is `at` seconds from the recording's.
        """
        if self._model.multilingual:
            found = [
                each
                for batch in self._batches(windows)
                for each in self._looked_at(features, batch, speech, at)
            ]
        else:
            found = [_Found(span, Detection(at + span[0], at + span[1], ())) for span in windows]
        decided = self._languages.decide([each.detection for each in found])
        return list(self._rejoined(found, decided))

    def _looked_at(
        self, features: Features, batch: Sequence[Span], speech: Sequence[Span], at: float
    ) -> Iterator[_Found]:
        encoded = self._model.encode(features, batch)
        found = self._detected(encoded, at)
        parts = [_parts(window, speech, detection) for window, detection in zip(batch, found, strict=True)]
        kept = [row for row, each in enumerate(parts) if len(each) == 1]
        whole = encoded.only(kept) if kept else None
        for window, detection, cut in zip(batch, found, parts, strict=True):
            if len(cut) == 1:
                yield _Found(window, detection, whole)
                continue
            for together in self._batches(cut):
                detected = self._detected(self._model.encode(features, together), at)
                yield from (_Found(part, own) for part, own in zip(together, detected, strict=True))

    def _detected(self, encoded: Encoded, at: float) -> list[Detection]:
        return [
            Detection(at + start, at + end, languages)
            for (start, end), languages in zip(encoded.windows, self._model.languages(encoded), strict=True)
        ]

    def _batches(self, windows: Sequence[Span]) -> Iterator[list[Span]]:
        """In order; of one batch all are given as many frames."""
        for _, alike in groupby(
            windows, key=lambda window: self._model.encoder_frames(window[1] - window[0])
        ):
            group = list(alike)
            for first in range(0, len(group), self._batch_size):
                yield group[first : first + self._batch_size]

    def _rejoined(self, found: Sequence[_Found], decided: Sequence[str]) -> Iterator[Spoken]:
        """Neighbouring parts of one language share a window again, as long as they fit."""
        pairs = zip(found, decided, strict=True)
        for (language, whole), group in groupby(
            pairs, key=lambda pair: (pair[1], pair[0].encoded is not None)
        ):
            if whole:
                yield from (Spoken(each.span, language, each.encoded) for each, _ in group)
            else:
                spans = (each.span for each, _ in group)
                yield from (Spoken(span, language) for span in to_windows(spans, self._model.window_seconds))


def _parts(window: Span, speech: Sequence[Span], detection: Detection) -> list[Span]:
    """The window, or what it is cut into where its language may turn."""
    if not detection.may_turn:
        return [window]
    return to_windows((span for span in speech if window[0] <= span[0] < window[1]), _PART_SECONDS)
