"""sherpa-onnx: segments of ten seconds, the voice of each speaker in each, and which of these voices are alike.

Its own algorithm is pyannote's (Bredin and Laurent, 2021; Bredin, 2023): local speakers are clustered over the whole
recording. How far apart two voices must be to be two speakers is what `_APART` says: measured, see `docs/speech.md`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

# Ships no types
import sherpa_onnx  # type: ignore[import-untyped]

from pipeline.speakers.diarizer import Turn
from pipeline.speakers.models import SpeakerModels
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.speakers import MOST_SPEAKERS, SpeakerBounds

_APART = 0.7  # cosine distance
_ANY = -1
_LEAST_TURN, _LEAST_PAUSE = 0.3, 0.5  # seconds
_SHORTEST = 0.5  # seconds of a recording in which there is a voice to be heard


@dataclass(frozen=True, slots=True)
class SherpaDiarizer:
    """Implements Diarizer. Its models are loaded once; one recording at a time."""

    engine: "sherpa_onnx.OfflineSpeakerDiarization"
    models: SpeakerModels
    threads: int

    @classmethod
    def load(cls, models: SpeakerModels, threads: int) -> "SherpaDiarizer":
        """Raises RuntimeError for files that hold no such networks."""
        return cls(
            sherpa_onnx.OfflineSpeakerDiarization(_config(models, threads, _ANY)),
            models,
            threads,
        )

    def turns(
        self, samples: Samples, bounds: SpeakerBounds, report: Callable[[float], None]
    ) -> tuple[Turn, ...]:
        if len(samples) < _SHORTEST * RATE:
            return ()
        least, most = bounds.least or 1, bounds.most or MOST_SPEAKERS
        if most == 1:  # which the engine's clustering doesn't hold to
            return tuple(replace(turn, speaker=0) for turn in self._told(samples, _ANY, report))
        if least == most:
            return self._told(samples, least, report)
        turns = self._told(samples, _ANY, lambda share: report(share / 2))
        found = len({turn.speaker for turn in turns})
        if not turns or least <= found <= most:
            return turns
        # The networks are asked again: the engine keeps nothing that could be clustered anew
        return self._told(samples, min(max(found, least), most), lambda share: report((1 + share) / 2))

    def _told(self, samples: Samples, speakers: int, report: Callable[[float], None]) -> tuple[Turn, ...]:
        def tell(chunk: int, chunks: int) -> int:
            report(chunk / max(1, chunks))
            return 0

        self.engine.set_config(_config(self.models, self.threads, speakers))
        result = self.engine.process(samples, callback=tell)
        return tuple(Turn(each.start, each.end, each.speaker) for each in result.sort_by_start_time())


def _config(
    models: SpeakerModels, threads: int, speakers: int
) -> "sherpa_onnx.OfflineSpeakerDiarizationConfig":
    return sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(
                model=str(models.segmentation)
            ),
            num_threads=threads,
        ),
        embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(
            model=str(models.embedding), num_threads=threads
        ),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=speakers, threshold=_APART),
        min_duration_on=_LEAST_TURN,
        min_duration_off=_LEAST_PAUSE,
    )
