"""A Whisper model in memory (faster-whisper on CTranslate2): features, decoding and alignment of a batch.

The same sound gives the same words, whatever shares its batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# It ships no types
import numpy as np
from faster_whisper import WhisperModel  # type: ignore[import-untyped]
from faster_whisper.tokenizer import Tokenizer  # type: ignore[import-untyped]
from faster_whisper.transcribe import (  # type: ignore[import-untyped]
    get_compression_ratio,
    get_suppressed_tokens,
)

from pipeline.speech.encoded import each_of, together
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.identification import Identification
from pipeline.speech.model_download import Tell, fetched
from pipeline.speech.models import loading_advice, located
from pipeline.speech.samples import RATE, Features, Samples
from pipeline.speech.side_by_side import SideBySide
from pipeline.speech.stamps import STAMP_SECONDS, Piece, read_stamps
from pipeline.speech.stream import LADDER, Decoding, Stream
from pipeline.speech.timed_words import timed_words
from pipeline.states import SpeechTask

_SEED = 0
_BEAM = 5
_FIRST_STAMP_SECONDS = 1.0  # in which the first time stamp of a decoding lies, as in Whisper
_MAX_TOKENS = 448
_MAX_HINT_TOKENS = 223  # Whisper's prompt holds half its positions, less one
# Of a whole window: what the encoder is given of a short rest, and the silence that is left behind speech in it. With
# less silence the model loops or stops early.
_SHORTER, _SILENCE_SHARE = 2 / 3, 8 / 30


@dataclass(frozen=True, slots=True)
class _Row:
    """A stream's place in a batch, with what was decoded for it."""

    index: int
    stream: Stream
    pieces: list[Piece]
    complete: bool

    @property
    def stamped(self) -> float | None:
        """Where the last piece ends by its stamp, in seconds from the block's start."""
        last = self.pieces[-1].end if self.pieces else None
        return None if last is None else self.stream.position + last


class Whisper:
    """For several threads: nothing here changes with a call. `workers`: calls that CTranslate2 runs side by side."""

    def __init__(self, model: WhisperModel, workers: int = 1) -> None:
        self._model = model
        self._side_by_side = SideBySide(workers)
        extractor = model.feature_extractor
        self._whole = int(extractor.nb_max_frames)
        self._frames_a_second = RATE // int(extractor.hop_length)
        self.window_seconds = float(extractor.chunk_length)
        self._tokenizers: dict[tuple[str, SpeechTask], Tokenizer] = {}
        self._suppressed = get_suppressed_tokens(self._tokenizer("en"), [-1])

    @classmethod
    def load(cls, settings: SpeechEngineSettings, tell: Tell) -> "Whisper":
        """`tell`: how far a download is. Raises ModelUnavailable, whose message says what to set."""
        try:
            return cls(
                WhisperModel(
                    fetched(located(settings.model), tell),
                    device=settings.device,
                    compute_type=settings.compute_type,
                    cpu_threads=settings.threads,
                    num_workers=settings.workers,
                ),
                settings.workers,
            )
        except ModelUnavailable:
            raise
        # The hub's client, the tokenizer and CTranslate2 share no error type; all mean the same to the operator
        except Exception as error:
            raise ModelUnavailable(loading_advice(settings, error)) from error

    @property
    def multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def features(self, samples: Samples) -> Features:
        """Without the last frame: it reaches beyond the end, and what is cut off there is a click to the model."""
        features: Features = self._model.feature_extractor(samples)[:, :-1]
        return features

    def prompt(
        self,
        language: str,
        vocabulary: str | None,
        task: SpeechTask = SpeechTask.TRANSCRIBE,
        before: Sequence[int] = (),
    ) -> tuple[int, ...]:
        """What stands before each decoding: of the vocabulary as much as there is room for, and of the tokens `before`
        the last for which there still is.
        """
        room = max(0, _MAX_HINT_TOKENS - self._hint_tokens(vocabulary))
        seen = list(before[max(0, len(before) - room) :])
        return tuple(self._model.get_prompt(self._tokenizer(language, task), seen, hotwords=vocabulary))

    def fits(self, vocabulary: str) -> bool:
        """Whether the model takes all of it."""
        return self._hint_tokens(vocabulary) <= _MAX_HINT_TOKENS

    def _hint_tokens(self, vocabulary: str | None) -> int:
        if not vocabulary:
            return 0
        return len(self._model.hf_tokenizer.encode(" " + vocabulary.strip(), add_special_tokens=False).ids)

    def identify(self, windows: Sequence[Identification]) -> None:
        """Asks for the language of each window, in a call of each worker. All need as many frames; of a model of many
        languages.
        """
        self._side_by_side.divide(self._identify, windows)

    def _identify(self, windows: Sequence[Identification]) -> None:
        encoded = self._encoded(
            [self._piece(each.features, each.start, each.end) for each in windows], windows
        )
        found = self._model.model.detect_language(encoded)
        for each, languages, row in zip(windows, found, each_of(encoded), strict=True):
            each.languages, each.encoded = languages, row

    def encoder_frames(self, piece: Stream | Identification) -> int:
        """How many frames the encoder is given for it: less than a window where little is left of a stream, or of a
        block that is longer than a window.

        The encoder's time grows faster than its input's length, and silence is as good as nothing to it; but with none
        behind the speech, the model doesn't know that it ends.
        """
        shorter = int(self._whole * _SHORTER)
        is_rest = piece.left < piece.end - piece.start or self._frame(piece.start) >= self._whole
        is_short = self._frame(piece.left) + self._whole * _SILENCE_SHARE <= shorter
        return shorter if is_rest and is_short else self._whole

    def step(self, streams: Sequence[Stream]) -> None:
        """Hears what comes next of each stream, in a call of each worker. All are of one rung, and their prompts of one
        length; they may be of several recordings.
        """
        self._side_by_side.divide(self._step, streams)

    def _step(self, streams: Sequence[Stream]) -> None:
        encoded = self._encode_next(streams)
        rows: list[_Row] = []
        for index, (stream, decoding) in enumerate(
            zip(streams, self._decoded(encoded, streams), strict=True)
        ):
            settled = stream.settle(decoding)
            if settled is not None:
                found = ([], True) if settled.silent else self._read(settled)
                rows.append(_Row(index, stream, *found))
        aligned = self._aligned(encoded, rows, len(streams))
        for row in rows:
            words = list(timed_words(row.stream, row.pieces, aligned[row.index]))
            tokens = [token for piece in row.pieces for token in piece.stamped]
            row.stream.advance(words, complete=row.complete, stamped=row.stamped, tokens=tokens)

    def warm(self) -> None:
        """Runs the model once, in each worker, so that the first recording doesn't pay for lazy set-up."""
        noise = np.random.default_rng(_SEED).normal(0, 0.01, RATE).astype(np.float32)
        features, prompt, workers = self.features(noise), self.prompt("en", None), self._side_by_side.workers
        self.step([Stream(number, 0.0, 1.0, [], prompt, "en", features) for number in range(workers)])

    def _read(self, decoding: Decoding) -> tuple[list[Piece], bool]:
        tokenizer = self._tokenizer("en")  # these tokens are the same in each language
        return read_stamps(decoding.tokens, tokenizer.timestamp_begin, tokenizer.eot)

    def _tokenizer(self, language: str, task: SpeechTask = SpeechTask.TRANSCRIBE) -> Tokenizer:
        """What is spoken is in `language`; a translation is divided into words as English is."""
        if (language, task) not in self._tokenizers:
            made = Tokenizer(self._model.hf_tokenizer, self.multilingual, task=task.value, language=language)
            if task is SpeechTask.TRANSLATE:
                made.language_code = "en"
            self._tokenizers[language, task] = made
        return self._tokenizers[language, task]

    def _frame(self, seconds: float) -> int:
        return round(seconds * self._frames_a_second)

    def _frames_left(self, stream: Stream) -> int:
        return min(self._frame(stream.end) - self._frame(stream.position), self._whole)

    def _encode_next(self, streams: Sequence[Stream]) -> Any:
        """Of each stream what is left; what was encoded already isn't again."""
        pieces = [
            self._piece(stream.features, stream.position, stream.end)
            for stream in streams
            if stream.encoded is None
        ]
        if len(pieces) == len(streams):
            return self._encoded(pieces, streams)
        made = iter(each_of(self._encoded(pieces, streams)) if pieces else ())
        return together([stream.encoded or next(made) for stream in streams])

    def _piece(self, features: Features, start: float, end: float) -> Features:
        """At most a whole window of it."""
        return features[:, self._frame(start) : self._frame(end)][:, : self._whole]

    def _encoded(self, pieces: Sequence[Features], what: Sequence[Stream | Identification]) -> Any:
        """`what`: that the pieces are of, or some of them; it says how many frames all are given."""
        frames = max(map(self.encoder_frames, what))
        batch = np.stack([np.pad(piece, ((0, 0), (0, frames - piece.shape[1]))) for piece in pieces])
        return self._model.encode(np.ascontiguousarray(batch, np.float32))

    def _decoded(self, encoded: Any, streams: Sequence[Stream]) -> Iterator[Decoding]:
        results = self._model.model.generate(
            encoded,
            [list(stream.prompt) for stream in streams],
            beam_size=_BEAM,
            max_length=_MAX_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            max_initial_timestamp_index=round(_FIRST_STAMP_SECONDS / STAMP_SECONDS),
            **LADDER[streams[0].rung],
        )
        for stream, result in zip(streams, results, strict=True):
            tokens = tuple(result.sequences_ids[0])
            text = self._tokenizer(stream.language).decode(tokens).strip()
            mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
            yield Decoding(tokens, mean, get_compression_ratio(text) if text else 0.0, result.no_speech_prob)

    def _aligned(self, encoded: Any, rows: Sequence[_Row], count: int) -> list[list[dict[str, Any]]]:
        """For each place of the batch its words with their times, from where its piece begins."""
        found: list[list[dict[str, Any]]] = [[] for _ in range(count)]
        # Each divides its text into words by itself
        for language, task in sorted({(row.stream.language, row.stream.task) for row in rows}):
            tokens: list[list[int]] = [[] for _ in range(count)]
            frames = [1] * count
            ours = [row for row in rows if (row.stream.language, row.stream.task) == (language, task)]
            for row in ours:
                tokens[row.index] = [token for piece in row.pieces for token in piece.tokens]
                frames[row.index] = max(1, self._frames_left(row.stream))
            if any(tokens):
                aligned = self._model.find_alignment(self._tokenizer(language, task), tokens, encoded, frames)
                for row in ours:
                    found[row.index] = aligned[row.index]
        return found
