"""Bare faster-whisper, as it is called by somebody who has nothing else: what the service is measured against."""

from collections.abc import Sequence
from io import BytesIO

import ctranslate2  # type: ignore[import-untyped]
from faster_whisper import BatchedInferencePipeline, WhisperModel  # type: ignore[import-untyped]

from pipeline.speech.models import located
from tests.benchmarks.speech_recordings import Recording

BATCH = 8
OPTIONS = {"beam_size": 5, "word_timestamps": True, "language": "en"}


class Bare:
    """One model: int8 on a CPU, float16 on a GPU where there is one. Both ways decode the files themselves."""

    def __init__(self, model: str, threads: int) -> None:
        """`threads`: of the CPU; 0: CTranslate2's own choice."""
        self.device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        self.compute_type = "float16" if self.device == "cuda" else "int8"
        self._model = WhisperModel(
            located(model), device=self.device, compute_type=self.compute_type, cpu_threads=threads
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
