"""Bare faster-whisper, as it is called by somebody who has nothing else: what the service is measured against."""

from collections.abc import Sequence
from io import BytesIO

from faster_whisper import BatchedInferencePipeline, WhisperModel  # type: ignore[import-untyped]

from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.models import located
from tests.benchmarks.speech_recordings import Recording

BATCH = 8
OPTIONS = {"beam_size": 5, "word_timestamps": True, "language": "en"}


class Bare:
    """One model, on the device and with the compute type that the service chooses; on CUDA where there is a GPU. Both
    ways decode the files themselves.
    """

    def __init__(self, asked: SpeechEngineSettings) -> None:
        """`asked`: of the service's processes for long recordings; the threads are theirs."""
        engine = choose_engine(asked).engine
        self.device, self.compute_type = engine.device, engine.compute_type
        self._model = WhisperModel(
            located(engine.model),
            device=engine.device,
            compute_type=engine.compute_type,
            cpu_threads=engine.threads,
        )
        self._pipeline = BatchedInferencePipeline(self._model)

    def one_by_one(self, recordings: Sequence[Recording]) -> list[str]:
        """What each says."""
        return [
            _text(self._model.transcribe(BytesIO(recording.audio), **OPTIONS)) for recording in recordings
        ]

    def in_batches(self, recordings: Sequence[Recording]) -> list[str]:
        """The same by the library's batched pipeline, whose batches are of one recording's windows."""
        return [
            _text(self._pipeline.transcribe(BytesIO(recording.audio), batch_size=BATCH, **OPTIONS))
            for recording in recordings
        ]


def _text(transcribed: tuple) -> str:  # type: ignore[type-arg]
    segments, _ = transcribed
    return " ".join(segment.text for segment in segments)
