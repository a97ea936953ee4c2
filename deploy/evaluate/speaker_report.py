"""What an evaluation found of who speaks: a table, or part of the JSON document."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from deploy.client.output import print_table
from deploy.evaluate.speakers import SpeakerScore, SpeakerTrial

UNKNOWN = "-"
NUMBERS = ("seconds", "speakers", "found", "DER", "missed", "invented", "confused", "speed", "memory")
TITLES = ("recording", *NUMBERS, "code")


def as_document(trials: Sequence[SpeakerTrial]) -> dict[str, Any]:
    """Lengths are seconds, rates shares of what is spoken; null is what isn't known."""
    return {
        "recordings": [
            {
                "name": trial.name,
                "reference": trial.reference,
                "seconds": trial.seconds,
                **_measures(trial.score),
                "speed": _speed([trial]),
                "memory_bytes": trial.memory_bytes,
                "code": trial.code,
                "detail": trial.detail,
            }
            for trial in trials
        ],
        "total": {**_measures(_total(trials)), "speed": _speed(trials)},
    }


def print_speakers(trials: Sequence[SpeakerTrial], console: Console) -> None:
    rows = [
        _row(trial.name, trial.seconds, trial.score, _speed([trial]), trial.memory_bytes, trial.code)
        for trial in trials
    ]
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    memory = max((trial.memory_bytes or 0 for trial in trials), default=0)
    failed = sum(trial.score is None for trial in trials)
    told = f"{failed} failed" if failed else None
    rows.append(_row(f"all {len(rows)}", seconds, _total(trials), _speed(trials), memory, told))
    if not console.is_terminal:
        print(*TITLES, sep="\t")
    print_table(TITLES, rows, console, numbers=NUMBERS)


def _total(trials: Sequence[SpeakerTrial]) -> SpeakerScore:
    return sum((trial.score for trial in trials if trial.score is not None), SpeakerScore())


def _speed(trials: Sequence[SpeakerTrial]) -> float | None:
    timed = [trial for trial in trials if trial.took_seconds]
    took = sum(trial.took_seconds or 0.0 for trial in timed)
    return round(sum(trial.seconds or 0.0 for trial in timed) / took, 2) if took else None


def _measures(score: SpeakerScore | None) -> dict[str, Any]:
    """The parts of the error rate are rates too: together they are it."""
    parts = {"missed": None, "invented": None, "confused": None}
    if score is not None and score.spoken:
        parts = {name: round(getattr(score, name) / score.spoken, 4) for name in parts}
    rate = None if score is None else score.error_rate
    return {
        "speakers": score and score.speakers,
        "found": score and score.found,
        "diarization_error_rate": None if rate is None else round(rate, 4),
        **parts,
    }


def _row(
    name: str,
    seconds: float | None,
    score: SpeakerScore | None,
    *rest: float | str | None,
) -> tuple[str, ...]:
    """`rest`: speed, memory in bytes, and the code."""
    speed, memory, code = rest
    measures = _measures(score)
    rates = (
        _shown(measures[part], "{:.1%}")
        for part in ("diarization_error_rate", "missed", "invented", "confused")
    )
    return (
        name,
        _shown(seconds, "{:.1f}"),
        _shown(measures["speakers"], "{}"),
        _shown(measures["found"], "{}"),
        *rates,
        _shown(speed, "{:.1f}"),
        UNKNOWN if not isinstance(memory, int) else f"{memory / 1e6:.0f} MB",
        str(code or ""),
    )


def _shown(value: float | str | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)
