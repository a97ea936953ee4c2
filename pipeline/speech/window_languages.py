"""Which language is spoken in each window of a block; a window in which it may turn is cut, so that each part has one.

A model of many languages is asked about each window, also where the user named one: else a change of language would
come out as a fluent text that nobody spoke.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from pipeline.speech.batcher import Batcher
from pipeline.speech.encoded import Encoded
from pipeline.speech.identification import Identification
from pipeline.speech.languages import Detection, Languages
from pipeline.speech.samples import Features
from pipeline.speech.spans import to_windows
from pipeline.speech.transcript import Span
from pipeline.speech.whisper import Whisper

_PART_SECONDS = 10.0  # of a window in which the language may turn: what the model is still sure of


@dataclass(frozen=True, slots=True)
class Spoken:
    """A window and the language to hear it in. `encoded`: what the model has made of it, if it stayed whole."""

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

    def __init__(self, model: Whisper, batcher: Batcher, languages: Languages) -> None:
        self._model = model
        self._batcher = batcher
        self._languages = languages

    def of(
        self,
        features: Features,
        windows: Sequence[Span],
        speech: Sequence[Span],
        at: float,
        tick: Callable[[], None],
    ) -> list[Spoken]:
        """The block's windows, each in its language. `speech`: with the silence that belongs to it; seconds from the
        block's start, which is `at` seconds from the recording's. `tick` is called after each call of the model, and
        may raise.
        """

        def identified(spans: Sequence[Span]) -> list[_Found]:
            asked = [Identification(start, end, features) for start, end in spans]
            self._batcher.work(asked, lambda _: tick())
            return [
                _Found(span, Detection(at + span[0], at + span[1], each.languages or ()), each.encoded)
                for span, each in zip(spans, asked, strict=True)
            ]

        if self._model.multilingual:
            found = self._divided(identified(windows), speech, identified)
        else:
            found = [_Found(span, Detection(at + span[0], at + span[1], ())) for span in windows]
        decided = self._languages.decide([each.detection for each in found])
        return list(self._rejoined(found, decided))

    def _divided(
        self,
        found: Sequence[_Found],
        speech: Sequence[Span],
        identified: Callable[[Sequence[Span]], list[_Found]],
    ) -> list[_Found]:
        """Those that may turn are cut, and each part is asked about by itself."""
        cut = [_parts(each, speech, changes=self._languages.changes) for each in found]
        parts = iter(identified([part for parts in cut if len(parts) > 1 for part in parts]))
        return [
            part
            for each, spans in zip(found, cut, strict=True)
            for part in ([each] if len(spans) == 1 else [replace(next(parts), encoded=None) for _ in spans])
        ]

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


def _parts(found: _Found, speech: Sequence[Span], *, changes: bool) -> list[Span]:
    """The window, or what it is cut into where its language may turn; everywhere, if it is known to."""
    start, end = found.span
    if not (changes or found.detection.may_turn):
        return [found.span]
    return to_windows((span for span in speech if start <= span[0] < end), _PART_SECONDS)
