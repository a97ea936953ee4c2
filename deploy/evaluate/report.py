"""What an evaluation found: a table for a reader, tab-separated in a pipe, or one JSON document."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from deploy.client.output import print_table
from deploy.evaluate.scoring import Score
from deploy.evaluate.speaker_report import as_document
from deploy.evaluate.speakers import SpeakerTrial
from deploy.evaluate.trial import Trial
from pipeline.settings import Settings
from pipeline.speech.engine_choice import choose_engine
from workers.pools.slots import speech_engine

NUMBERS = ("seconds", "words", "WER", "CER", "unheard", "speed", "memory")
TITLES = ("recording", *NUMBERS, "code")
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Report:
    settings: Settings
    language: str | None  # as it was asked for
    trials: Sequence[Trial]
    skipped: Sequence[str]  # names of recordings without a reference
    speakers: Sequence[SpeakerTrial] = ()

    @property
    def failed(self) -> int:
        return sum(trial.score is None for trial in self.trials)

    def as_json(self) -> str:
        """Lengths are seconds, rates shares, memory bytes; null is what isn't known."""
        engine = choose_engine(speech_engine(self.settings)).engine  # as the speech process has chosen
        document = {
            "model": engine.model,
            "device": engine.device,
            "compute_type": engine.compute_type,
            "batch_size": engine.batch_size,
            "language": self.language,
            "recordings": [_described(trial) for trial in self.trials],
            "skipped": list(self.skipped),
            "total": {"recordings": len(self.trials), "failed": self.failed} | self._total(),
            "speakers": as_document(self.speakers),
        }
        return json.dumps(document, ensure_ascii=False, indent=2)

    def print_table(self, console: Console) -> None:
        rows = [_row(trial.name, _measured(trial), trial.code or "") for trial in self.trials]
        rows.append(_row(f"all {len(rows)}", self._total(), f"{self.failed} failed" if self.failed else ""))
        if not console.is_terminal:
            print(*TITLES, sep="\t")  # figures mean nothing without
        print_table(TITLES, rows, console, numbers=NUMBERS)

    def _total(self) -> dict[str, Any]:
        """Of those that have a score: errors over words, seconds over seconds; of the memory the most."""
        scored = [trial for trial in self.trials if trial.score is not None]
        timed = [trial for trial in scored if trial.took_seconds is not None]
        return _measures(
            sum((trial.score for trial in scored if trial.score is not None), Score()),
            seconds=sum(trial.seconds or 0.0 for trial in scored),
            speed=_speed(sum(t.seconds or 0.0 for t in timed), sum(t.took_seconds or 0.0 for t in timed)),
            unheard_seconds=sum(trial.unheard_seconds for trial in scored),
            memory_bytes=max(
                (t.memory_bytes for t in self.trials if t.memory_bytes is not None), default=None
            ),
        )


def _measured(trial: Trial) -> dict[str, Any]:
    return _measures(
        trial.score,
        seconds=trial.seconds,
        speed=_speed(trial.seconds or 0.0, trial.took_seconds or 0.0),
        unheard_seconds=trial.unheard_seconds if trial.score is not None else None,
        memory_bytes=trial.memory_bytes,
    )


def _measures(
    score: Score | None,
    *,
    seconds: float | None,
    speed: float | None,
    unheard_seconds: float | None,
    memory_bytes: int | None,
) -> dict[str, Any]:
    return {
        "seconds": _rounded(seconds, 3),
        **_scored(score),
        "unheard_seconds": _rounded(unheard_seconds, 3),
        "speed": _rounded(speed, 2),
        "memory_bytes": memory_bytes,
    }


def _scored(score: Score | None) -> dict[str, Any]:
    rates = (score.word_error_rate, score.character_error_rate) if score is not None else (None, None)
    return {
        "words": score and score.words,
        "word_errors": score and score.word_errors,
        "word_error_rate": _rounded(rates[0], 4),
        "characters": score and score.characters,
        "character_errors": score and score.character_errors,
        "character_error_rate": _rounded(rates[1], 4),
    }


def _described(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.name,
        "reference": trial.reference,
        **_measured(trial),
        "language": trial.language,
        "heard": trial.heard,
        "warnings": list(trial.warnings),
        "code": trial.code,
        "detail": trial.detail,
    }


def _speed(seconds: float, took_seconds: float) -> float | None:
    """Seconds of recordings heard in a second of work."""
    return seconds / took_seconds if took_seconds else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _row(name: str, measures: dict[str, Any], code: str) -> tuple[str, ...]:
    return (
        name,
        _shown(measures["seconds"], "{:.1f}"),
        _shown(measures["words"], "{}"),
        _shown(measures["word_error_rate"], "{:.1%}"),
        _shown(measures["character_error_rate"], "{:.1%}"),
        _shown(measures["unheard_seconds"], "{:.1f}"),
        _shown(measures["speed"], "{:.1f}"),
        _shown(measures["memory_bytes"] and measures["memory_bytes"] / 1e6, "{:.0f} MB"),
        code,
    )


def _shown(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)
