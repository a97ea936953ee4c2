"""Hears a recording block by block: its windows fill batches together, and speech without words is heard again.

Windows don't see the text before them (`condition_on_previous_text` of Whisper): that is what makes it repeat itself
for minutes once it has begun to, and they could not be heard side by side.
"""

from collections.abc import Callable, Sequence

from pipeline.speech.batcher import Batcher
from pipeline.speech.blocks import Block
from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.languages import Languages
from pipeline.speech.levels import levelled
from pipeline.speech.model_download import Tell
from pipeline.speech.recognizer import Heard, Hints, SpeechEngineSettings
from pipeline.speech.samples import Features
from pipeline.speech.spans import find_speech, joined, padded, to_windows, uncovered, within
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Span
from pipeline.speech.whisper import Whisper
from pipeline.speech.window_languages import Spoken, WindowLanguages
from pipeline.speech.words import TimedWord, covered, in_speech, said_in, to_segments, trimmed


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

    def begin(self, hints: Hints) -> "WhisperHearing":
        return WhisperHearing(self._model, self._batcher, hints)


class WhisperHearing:
    """Implements Hearing."""

    def __init__(self, model: Whisper, batcher: Batcher, hints: Hints) -> None:
        self._model = model
        self._batcher = batcher
        self._vocabulary = hints.vocabulary
        self._languages = Languages(hints.language, multilingual=model.multilingual)
        self._windows = WindowLanguages(model, batcher, self._languages)
        self._hint_warnings = tuple(_hint_warnings(model, hints))

    @property
    def language(self) -> str | None:
        return self._languages.main

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self._hint_warnings, *self._languages.warnings)

    def hear(self, block: Block, report: Callable[[float], None]) -> Heard:
        longest = self._model.window_seconds
        samples = levelled(block.samples)
        speech = find_speech(samples, longest)
        if not speech:
            return Heard()
        features = self._model.features(samples)
        around = padded(speech, block.seconds)

        def told(share: float) -> None:
            report(block.start_seconds + share * block.seconds)

        windows = to_windows(around, longest)
        spoken = self._windows.of(features, windows, around, block.start_seconds, lambda: told(0.0))
        streams = [self._stream(number, window, speech, features) for number, window in enumerate(spoken)]
        words = self._hear(streams, told)
        gaps = uncovered(speech, list(covered(words)))
        if gaps:
            again = joined(gaps, [(word.start, word.end) for word in words], longest)
            missed = [Spoken(span, _language_at(span[0], spoken)) for span in padded(again, block.seconds)]
            anew = [
                self._stream(number, window, speech, features)
                for number, window in enumerate(missed, len(spoken))
                if window not in spoken  # what was heard already would come out the same
            ]
            words += said_in(self._hear(anew, lambda _: told(1.0)), again)
            gaps = uncovered(speech, list(covered(words)))
        segments = to_segments(trimmed(words), block.start_seconds, block.end_seconds)
        at = block.start_seconds
        return Heard(tuple(segments), tuple((at + start, at + end) for start, end in gaps))

    def _stream(self, number: int, window: Spoken, speech: Sequence[Span], features: Features) -> Stream:
        (start, end), language = window.span, window.language
        prompt = self._model.prompt(language, self._vocabulary)
        spoken = within(speech, window.span)
        return Stream(number, start, end, spoken, prompt, language, features, window.encoded)

    def _hear(self, streams: Sequence[Stream], told: Callable[[float], None]) -> list[TimedWord]:
        """What all of them say. `told`: the share of them that is done, after each call of the model."""
        self._batcher.work(streams, told)
        return [word for stream in streams for word in in_speech(stream.words, stream.speech)]


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
