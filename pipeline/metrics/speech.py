"""How recordings are heard: counted by the worker's side of the speech process."""

from prometheus_client import Counter, Histogram

from pipeline.metrics.registry import REGISTRY

FACTORS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5)

recorded = Counter(
    "smelt_speech_recorded_seconds",
    "Seconds of recordings that were transcribed, with silence and music.",
    registry=REGISTRY,
)
unheard = Counter(
    "smelt_speech_unheard_seconds",
    "Seconds of them with speech in which no words were made out.",
    registry=REGISTRY,
)
worked = Counter(
    "smelt_speech_work_seconds",
    "Seconds of speech processes that they took; of several recordings at once, each has its share.",
    registry=REGISTRY,
)
real_time_factor = Histogram(
    "smelt_speech_real_time_factor_ratio",
    "Seconds of work for a second of a recording; 1 is as fast as it is spoken.",
    buckets=FACTORS,
    registry=REGISTRY,
)
deaths = Counter(
    "smelt_speech_process_deaths",
    "Speech processes that died, or had to be ended, in the middle of a recording.",
    registry=REGISTRY,
)


def note_transcript(seconds: float, unheard_seconds: float, work_seconds: float) -> None:
    recorded.inc(seconds)
    unheard.inc(unheard_seconds)
    worked.inc(work_seconds)
    if seconds > 0:
        real_time_factor.observe(work_seconds / seconds)
