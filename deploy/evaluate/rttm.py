"""RTTM, in which NIST's evaluations write who speaks when. Source: the plan of the Rich Transcription 2009 evaluation.

SPEAKER file channel start duration <NA> <NA> name <NA> <NA>
"""

from dataclasses import dataclass
from pathlib import Path

from deploy.evaluate.references import ReferenceInvalid

SUFFIX = ".rttm"
_TURN = "SPEAKER"  # other lines tell of other things


@dataclass(frozen=True, slots=True)
class NamedTurn:
    """`start` and `end` in seconds."""

    start: float
    end: float
    name: str


def read_rttm(path: Path) -> tuple[NamedTurn, ...]:
    """Raises ReferenceInvalid, which names a line by its number, and OSError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ReferenceInvalid("It isn't UTF-8.") from None
    rows = ((number, line.split()) for number, line in enumerate(lines, start=1))
    return tuple(_turn(fields, number) for number, fields in rows if fields[:1] == [_TURN])


def _turn(fields: list[str], number: int) -> NamedTurn:
    try:
        start, duration = float(fields[3]), float(fields[4])
        return NamedTurn(start, start + duration, fields[7])
    except (IndexError, ValueError):
        raise ReferenceInvalid(f"Line {number} doesn't say who speaks when.") from None
