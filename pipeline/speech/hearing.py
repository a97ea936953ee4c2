"""Hears a block of a recording: its windows fill batches together, and speech that has no words then is heard again.

Windows don't see the text before them (`condition_on_previous_text` of Whisper): that is what makes it repeat itself
for minutes once it has begun to, and they could not be heard side by side.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from pipeline.speech.blocks import Block
from pipeline.speech.model_download import Tell
from pipeline.speech.recognizer import Heard, Hints, SpeechEngineSettings
from pipeline.speech.spans import Span, find_speech, joined, pack, padded, uncovered, within
from pipeline.speech.stream import Stream
from pipeline.speech.whisper import Features, Whisper
from pipeline.speech.words import TimedWord, covered, to_segments, trimmed


class WhisperRecognizer:
    """A model held in memory. One recording at a time; not for several threads at once."""

    def __init__(self, model: Whisper, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size

    @classmethod
    def load(cls, settings: SpeechEngineSettings, tell: Tell = lambda _: None) -> "WhisperRecognizer":
        """Load the model, and run it once. `tell`: how far a download is. Raises ModelUnavailable."""
        model = Whisper.load(settings, tell)
        model.warm()
        return cls(model, settings.batch_size)

    def begin(self, hints: Hints) -> tuple[str, ...]:
        warnings = []
        if hints.language not in (None, "en") and not self._model.multilingual:
            warnings.append("The speech model knows English only; the language asked for was not used.")
        if hints.vocabulary and not self._model.fits(hints.vocabulary):
            warnings.append("The vocabulary is longer than the speech model takes; only its start was used.")
        return tuple(warnings)

    def recognize(self, block: Block, hints: Hints, report: Callable[[float], None]) -> Heard:
        longest = self._model.window_seconds
        speech = find_speech(block.samples, longest)
        if not speech:
            return Heard(None)
        features = self._model.features(block.samples)
        windows = pack(padded(speech, block.seconds), longest)
        language = self._language(hints, features, windows[0])
        prompt = self._model.prompt(language, hints.vocabulary)

        def streams(spans: Iterable[Span]) -> list[Stream]:
            return [
                Stream(start, end, within(speech, (start, end)), prompt, language) for start, end in spans
            ]

        def told(share: float) -> None:
            report(block.start_seconds + share * block.seconds)

        words = self._hear(features, streams(windows), told)
        gaps = uncovered(speech, covered(words))
        if gaps:
            again = joined(gaps, [(word.start, word.end) for word in words], longest)
            words += self._hear(features, streams(padded(again, block.seconds)), lambda _: None)
            gaps = uncovered(speech, covered(words))
        segments = to_segments(trimmed(words), block.start_seconds, block.end_seconds)
        at = block.start_seconds
        return Heard(language, tuple(segments), tuple((at + start, at + end) for start, end in gaps))

    def _language(self, hints: Hints, features: Features, window: Span) -> str:
        if not self._model.multilingual:
            return "en"
        return hints.language or self._model.language(features, window[0])

    def _hear(
        self, features: Features, streams: Sequence[Stream], told: Callable[[float], None]
    ) -> list[TimedWord]:
        """What all of them say. `told`: the share of them that is done, after each call."""
        going = [stream for stream in streams if not stream.ended]
        total = sum(stream.end - stream.start for stream in streams)
        while going:
            self._model.step(features, self._batch(going))
            going = [stream for stream in going if not stream.ended]
            told(1.0 - sum(stream.end - stream.position for stream in going) / total)
        return [word for stream in streams for word in stream.words]

    def _batch(self, going: Sequence[Stream]) -> list[Stream]:
        """Of the streams that may share a call, the largest group's first ones. What shares it changes no word."""
        kinds = [(each.rung, self._model.encoder_frames(each), len(each.prompt)) for each in going]
        [(most, _)] = Counter(kinds).most_common(1)
        return [each for each, kind in zip(going, kinds, strict=True) if kind == most][: self._batch_size]
