"""STM, the reference format of NIST's scoring tools. Source: the documentation of `sclite`.

;; a comment
waveform channel speaker start end [<label>] words {that / which} go on
waveform channel speaker start end [<label>] ignore_time_segment_in_scoring
"""

import re
from dataclasses import dataclass

from pipeline.speech.transcript import Span

_UNSCORED = "ignore_time_segment_in_scoring"
_LABEL = re.compile(r"<[^>]*>\s*")
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
_NOTHING = "@"  # stands for no word, where there are alternatives


class StmInvalid(Exception):
    """The message names a line by its number, never by its words."""


@dataclass(frozen=True, slots=True)
class _Line:
    waveform: str
    span: Span
    words: str


def read_stm(text: str, waveform: str) -> tuple[str, tuple[Span, ...]]:
    """The words of all channels and speakers, in the order of their starts, and the spans that aren't scored.

    A file of several recordings must name `waveform`; of one it may call it anything. Raises StmInvalid.
    """
    lines = _of(
        waveform, [_line(line, number) for number, line in enumerate(text.splitlines(), 1) if _is_said(line)]
    )
    lines.sort(key=lambda line: line.span)
    unscored = tuple(line.span for line in lines if line.words.lower() == _UNSCORED)
    said = (_one_reading(line.words) for line in lines if line.words.lower() != _UNSCORED)
    return " ".join(" ".join(said).split()), unscored


def _is_said(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(";;")


def _line(line: str, number: int) -> _Line:
    fields = line.split(maxsplit=5)
    try:
        start, end = float(fields[3]), float(fields[4])
    except (IndexError, ValueError):
        raise StmInvalid(f"Line {number} is not: waveform channel speaker start end words.") from None
    words = fields[5].strip() if len(fields) > 5 else ""
    return _Line(fields[0], (start, end), _LABEL.sub("", words, count=1) if words.startswith("<") else words)


def _of(waveform: str, lines: list[_Line]) -> list[_Line]:
    named = {line.waveform for line in lines}
    if waveform in named:
        return [line for line in lines if line.waveform == waveform]
    if len(named) > 1:
        raise StmInvalid(f"It is of {len(named)} recordings, and none of them has this name.")
    return lines


def _one_reading(words: str) -> str:
    """The first of each `{a / b}`, innermost first: an alignment by jiwer knows no alternatives."""
    while (simpler := _ALTERNATIVES.sub(_first, words)) != words:
        words = simpler
    return words


def _first(alternatives: re.Match[str]) -> str:
    first = alternatives[1].split(" / ")[0].strip()
    return "" if first == _NOTHING else first
