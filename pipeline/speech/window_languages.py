"""Which language is spoken in each window of a block; a window in which it may turn is cut, so that each part has one.

A model of many languages is asked about each window, also where the user named one: else a change of language would
come out as a fluent text that nobody spoke.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.speech.languages import Detection, Languages
from pipeline.speech.spans import Span, pack
from pipeline.speech.whisper import Features, Whisper

_PART_SECONDS = 10.0  # of a window in which the language may turn: what the model is still sure of


@dataclass(frozen=True, slots=True)
class Spoken:
    """A window and the language that it is to be heard in."""

    span: Span
    language: str


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
        if not self._model.multilingual:
            decided = self._languages.decide([Detection(at + start, at + end, ()) for start, end in windows])
            return [Spoken(span, language) for span, language in zip(windows, decided, strict=True)]
        cut: list[Span] = []
        found: list[Detection] = []
        for window, detection in zip(windows, self._detected(features, windows, at), strict=True):
            parts = [window]
            if detection.may_turn:
                inside = [span for span in speech if window[0] <= span[0] < window[1]]
                parts = pack(inside, _PART_SECONDS)
            cut += parts
            found += [detection] if parts == [window] else self._detected(features, parts, at)
        decided = self._languages.decide(found)
        return list(self._rejoined(cut, decided))

    def _detected(self, features: Features, spans: Sequence[Span], at: float) -> list[Detection]:
        languages = [
            found
            for first in range(0, len(spans), self._batch_size)
            for found in self._model.languages(features, spans[first : first + self._batch_size])
        ]
        return [
            Detection(at + start, at + end, found)
            for (start, end), found in zip(spans, languages, strict=True)
        ]

    def _rejoined(self, spans: Sequence[Span], decided: Sequence[str]) -> list[Spoken]:
        """Neighbours of one language share a window again, as long as they fit."""
        pairs = zip(spans, decided, strict=True)
        return [
            Spoken(span, language)
            for language, group in groupby(pairs, key=lambda pair: pair[1])
            for span in pack((span for span, _ in group), self._model.window_seconds)
        ]
