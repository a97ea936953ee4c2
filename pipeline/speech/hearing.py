"""Hears a recording block by block, and a block passage by passage: windows that fill batches together, whose speech
without words is heard again.

Windows don't see the text before them (`condition_on_previous_text` of Whisper): that is what makes it repeat itself
for minutes once it has begun to, and they could not be heard side by side.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.errors import SmeltError
from pipeline.speech.batcher import Batcher
from pipeline.speech.blocks import Block
from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.languages import Languages
from pipeline.speech.levels import levelled, raised_by
from pipeline.speech.model_download import Tell
from pipeline.speech.passage import NOTHING_BEFORE, Before, Passage
from pipeline.speech.recognizer import Hints
from pipeline.speech.samples import Features
from pipeline.speech.spans import find_faint, find_speech, joined, padded, to_windows, uncovered, within
from pipeline.speech.stream import Stream
from pipeline.speech.takes import Take, best_take
from pipeline.speech.transcript import Span
from pipeline.speech.whisper import Whisper
from pipeline.speech.window_languages import Spoken, WindowLanguages
from pipeline.speech.words import TimedWord, covered, in_speech, said_in, to_segments, trimmed
from pipeline.states import ErrorCode, SpeechTask

CANT_TRANSLATE = "The speech model knows English only, so it can't translate."

PASSAGE_SECONDS = 150.0  # of a block that are heard, told and kept together, at most


class WhisperRecognizer:
    """A model held in memory. Several recordings may be heard at once, each in a thread of its own."""

    def __init__(self, model: Whisper, batch_size: int, lanes: int = 1) -> None:
        self.lanes = lanes
        self._model = model
        self._batcher = Batcher(model, batch_size)

    @classmethod
    def load(cls, settings: SpeechEngineSettings, tell: Tell = lambda _: None) -> "WhisperRecognizer":
        """Load the model, and run it once. `tell`: what runs, and how far a download is. Raises ModelUnavailable."""
        choice = choose_engine(settings)
        tell(str(choice))
        model = Whisper.load(choice.engine, tell)
        model.warm()
        return cls(model, choice.engine.batch_size, choice.engine.lanes)

    def begin(self, hints: Hints, before: Before = NOTHING_BEFORE) -> "WhisperHearing":
        return WhisperHearing(self._model, self._batcher, hints, before)


class WhisperHearing:
    """Implements Hearing."""

    def __init__(self, model: Whisper, batcher: Batcher, hints: Hints, before: Before) -> None:
        self._model = model
        self._batcher = batcher
        if hints.task is SpeechTask.TRANSLATE and not model.multilingual:
            raise SmeltError(ErrorCode.TRANSCRIPTION_FAILED, CANT_TRANSLATE)
        self._task = hints.task
        self._vocabulary = hints.vocabulary
        self._languages = Languages(hints.language, multilingual=model.multilingual)
        self._languages.go_on(before.languages)
        self._windows = WindowLanguages(model, batcher, self._languages)
        self._hint_warnings = tuple(_hint_warnings(model, hints))

    @property
    def language(self) -> str | None:
        return self._languages.main

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self._hint_warnings, *self._languages.warnings)

    def hear(self, block: Block, report: Callable[[float], None]) -> Iterator[Passage]:
        at, longest = block.start_seconds, self._model.window_seconds
        samples = levelled(block.samples)
        clear = find_speech(samples, longest)
        speech = sorted([*clear, *find_faint(samples, clear, longest)])
        if not speech:
            yield Passage(block.end_seconds, languages=self._languages.up_to(block.end_seconds))
            return
        features = self._model.features(samples)
        around = padded(speech, block.seconds)
        windows = to_windows(around, longest)
        spoken = self._windows.of(features, windows, around, at, lambda: report(at))
        raised = raised_by(block.samples, samples)
        ready = _Ready(block, features, speech, clear, raised, report)
        passages, begun = in_passages(spoken), at
        for number, passage in enumerate(passages, 1):
            # Inner ends are rounded as the times of words are, so that none lies behind its passage's
            ended = block.end_seconds if number == len(passages) else round(at + passage[-1].span[1], 3)
            yield self._passage(ready, passage, (begun, ended))
            begun = ended

    def _passage(self, ready: "_Ready", spoken: Sequence[Spoken], span: Span) -> Passage:
        """What is said in these windows. `span`: from the end of the passage before to its own."""
        block, features, longest = ready.block, ready.features, self._model.window_seconds
        at, (first, last) = block.start_seconds, span
        speech, clear = (
            [(start, end) for start, end in stretches if first <= at + (start + end) / 2 < last]
            for stretches in (ready.speech, ready.clear)
        )

        furthest = 0.0  # what is heard twice isn't done any less

        def told(share: float) -> None:
            nonlocal furthest
            furthest = max(furthest, share)
            ready.report(first + furthest * (last - first))

        take = self._best_take(ready, spoken, speech, told)
        streams, words = list(take.streams), list(take.words)
        heard = [Spoken((stream.start, stream.end), stream.language) for stream in streams]
        gaps = uncovered(clear, list(covered(words, self._task)))
        if gaps:
            again = joined(gaps, [(word.start, word.end) for word in words], longest)
            missed = [Spoken(span, _language_at(span[0], spoken)) for span in padded(again, block.seconds)]
            anew = [
                self._stream(number, window, speech, features)
                for number, window in enumerate(missed, len(streams))
                if window not in heard  # it would come out the same
            ]
            streams += anew
            words += said_in(self._hear(anew, told), again)
            gaps = uncovered(clear, list(covered(words, self._task)))
        languages = (
            {stream.number: stream.language for stream in streams} if self._languages.changes else None
        )
        return Passage(
            last,
            tuple(to_segments(trimmed(words), at, last, first=first, languages=languages)),
            tuple((at + start, at + end) for start, end in gaps),
            self._languages.up_to(last),
        )

    def _best_take(
        self, ready: "_Ready", spoken: Sequence[Spoken], speech: Sequence[Span], told: Callable[[float], None]
    ) -> Take:
        """What is said in these windows; of a block that fits one of them, by whichever way of hearing serves it."""
        block = ready.block

        def take(windows: Sequence[Spoken], features: Features) -> Take:
            streams = [
                self._stream(number, window, speech, features) for number, window in enumerate(windows)
            ]
            return Take(streams, self._hear(streams, told))

        def levelled_speech() -> Take:
            return take(spoken, ready.features)

        def as_recorded() -> Take:
            whole = Spoken((0.0, block.seconds), spoken[0].language)
            return take([whole], self._model.features(block.samples))

        if len(spoken) > 1 or block.seconds > self._model.window_seconds:
            return levelled_speech()
        return best_take(levelled_speech, as_recorded, ready.raised_by)

    def _stream(self, number: int, window: Spoken, speech: Sequence[Span], features: Features) -> Stream:
        (start, end), language = window.span, window.language
        prompt = self._model.prompt(language, self._vocabulary, self._task)
        spoken = within(speech, window.span)
        return Stream(number, start, end, spoken, prompt, language, features, window.encoded, self._task)

    def _hear(self, streams: Sequence[Stream], told: Callable[[float], None]) -> list[TimedWord]:
        """What all of them say. `told`: the share of them that is done, after each call of the model."""
        self._batcher.work(streams, told)
        return [word for stream in streams for word in in_speech(stream.words, stream.speech)]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A block, and what is known of it before its words are: where speech is, in seconds from its start, which of that
    surely is, and by how many decibels it was raised. `features`: levelled.
    """

    block: Block
    features: Features
    speech: Sequence[Span]
    clear: Sequence[Span]
    raised_by: float
    report: Callable[[float], None]


def in_passages(windows: Sequence[Spoken]) -> list[Sequence[Spoken]]:
    """Neighbouring windows together, in as few passages of `PASSAGE_SECONDS` as they make, alike in number."""
    count = math.ceil(_seconds(windows) / PASSAGE_SECONDS)
    cuts = [round(number * len(windows) / count) for number in range(count + 1)] if count else []
    return [windows[one:two] for one, two in pairwise(cuts)]


def _seconds(windows: Sequence[Spoken]) -> float:
    return windows[-1].span[1] - windows[0].span[0] if windows else 0.0


def _hint_warnings(model: Whisper, hints: Hints) -> list[str]:
    warnings = []
    if hints.language not in (None, "en") and not model.multilingual:
        warnings.append("The speech model knows English only; the language asked for was not used.")
    if hints.vocabulary and not model.fits(hints.vocabulary):
        warnings.append("The vocabulary is longer than the speech model takes; only its start was used.")
    return warnings


def _language_at(seconds: float, spoken: Sequence[Spoken]) -> str:
    """Of the last window that begins before it."""
    return next((each.language for each in reversed(spoken) if each.span[0] <= seconds), spoken[0].language)
