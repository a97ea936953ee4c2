"""Hears a recording block by block, and a block passage by passage: windows that fill batches together, whose speech
without words is heard again.

Windows don't see the text of those before them (`condition_on_previous_text` of Whisper): that is what makes it repeat
itself for minutes once it has begun to, and they could not be heard side by side.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, pairwise

from pipeline.errors import SmeltError
from pipeline.speech.batcher import Batcher
from pipeline.speech.blocks import Block
from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.languages import Languages
from pipeline.speech.levels import Raised, levelled, raised_by
from pipeline.speech.model_download import Tell
from pipeline.speech.passage import NOTHING_BEFORE, Before, Passage
from pipeline.speech.recognizer import Hints
from pipeline.speech.spans import find_faint, find_speech, joined, padded, to_windows, uncovered, within
from pipeline.speech.stream import Stream
from pipeline.speech.takes import Take, Way, best_take
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
        around = padded(speech, block.seconds)
        speech_levelled = Way(samples, to_windows(around, longest), self._model.features)
        raised = raised_by(block.samples, samples, speech)
        ways = self._ways(block, speech_levelled, raised)
        spoken = self._windows.of(ways[0].features, ways[0].windows, around, at, lambda: report(at))
        ready = _Ready(block, ways, speech_levelled, raised, speech, clear, report)
        passages, begun = in_passages(spoken), at
        for number, passage in enumerate(passages, 1):
            # Inner ends are rounded as the times of words are, so that none lies behind its passage's
            ended = block.end_seconds if number == len(passages) else round(at + passage[-1].span[1], 3)
            yield self._passage(ready, passage, (begun, ended))
            begun = ended

    def _ways(self, block: Block, speech_levelled: Way, raised: Raised) -> list[Way]:
        """In which the block may be heard, in the order in which they are tried."""
        one_window = len(speech_levelled.windows) == 1 and block.seconds <= self._model.window_seconds
        if not one_window or self._languages.changes:
            return [speech_levelled]
        as_recorded = Way(block.samples, [(0.0, block.seconds)], self._model.features, in_context=True)
        return [speech_levelled, as_recorded] if raised.unevenly else [as_recorded, speech_levelled]

    def _passage(self, ready: "_Ready", spoken: Sequence[Spoken], span: Span) -> Passage:
        """What is said in these windows. `span`: from the end of the passage before to its own."""
        block, longest = ready.block, self._model.window_seconds
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
        gaps = uncovered(clear, list(covered(words, self._task)))
        if gaps:
            again = joined(gaps, [(word.start, word.end) for word in words], longest)
            missed = [Spoken(span, _language_at(span[0], spoken)) for span in padded(again, block.seconds)]
            anew = [
                self._stream(number, window, speech, ready.levelled)
                for number, window in enumerate(missed, len(streams))
                if window not in ready.heard  # it would come out the same
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
        """What is said in these windows; of a block that is one of them, by whichever way of hearing serves it."""

        def take(way: Way, windows: Sequence[Spoken]) -> Take:
            if way is ready.levelled:
                ready.heard.extend(windows)
            streams = [self._stream(number, window, speech, way) for number, window in enumerate(windows)]
            return Take(streams, self._hear(streams, told))

        if len(spoken) > 1:
            return take(ready.levelled, spoken)
        first, *others = ready.ways
        language = spoken[0].language
        again = (take(way, [Spoken(span, language) for span in way.windows]) for way in others)
        prefers_first = ready.raised.unevenly or not ready.raised.from_the_floor
        return best_take(chain([take(first, spoken)], again), prefer_first=prefers_first)

    def _stream(self, number: int, window: Spoken, speech: Sequence[Span], way: Way) -> Stream:
        (start, end), language = window.span, window.language
        prompt = partial(self._model.prompt, language, self._vocabulary, self._task)
        return Stream(
            number,
            start,
            end,
            within(speech, window.span),
            prompt(),
            language,
            way.features,
            window.encoded,
            self._task,
            prompt if way.in_context else None,
        )

    def _hear(self, streams: Sequence[Stream], told: Callable[[float], None]) -> list[TimedWord]:
        """What all of them say. `told`: the share of them that is done, after each call of the model."""
        self._batcher.work(streams, told)
        return [word for stream in streams for word in in_speech(stream.words, stream.speech)]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A block, and what is known of it before its words are: in which ways it may be heard, in order; where speech is,
    in seconds from its start, and which of that surely is. `heard`: windows that were, levelled.
    """

    block: Block
    ways: Sequence[Way]
    levelled: Way
    raised: Raised
    speech: Sequence[Span]
    clear: Sequence[Span]
    report: Callable[[float], None]
    heard: list[Spoken] = field(default_factory=list)


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
