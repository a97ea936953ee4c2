"""Turns over a transcript: each word goes to whoever speaks during most of it."""

from collections.abc import Sequence

import pytest

from pipeline.speakers.assignment import with_speakers
from pipeline.speakers.diarizer import Turn
from pipeline.speech.transcript import Segment, Word


def segment(*words: tuple[float, float, str]) -> Segment:
    said = tuple(Word(start, end, f" {text}") for start, end, text in words)
    return Segment(said[0].start, said[-1].end, " ".join(text for *_, text in words), said)


TALK = segment((0.0, 1.0, "Done?"), (1.2, 2.0, "Yes,"), (2.0, 3.0, "all."))
CASES: dict[str, tuple[Sequence[Turn], list[tuple[str, str]]]] = {
    "one turn": ([Turn(0, 3, 4)], [("S1", "Done? Yes, all.")]),
    "two": ([Turn(0, 1.1, 4), Turn(1.1, 3, 2)], [("S1", "Done?"), ("S2", "Yes, all.")]),
    "a border inside a word": ([Turn(0, 1.3, 0), Turn(1.3, 3, 1)], [("S1", "Done?"), ("S2", "Yes, all.")]),
    "a pause longer than what was said": (
        [Turn(0, 0.4, 1), Turn(2.1, 3, 0)],
        [("S1", "Done?"), ("S2", "Yes, all.")],
    ),
    "beside all turns": ([Turn(50, 60, 0), Turn(70, 80, 1)], [("S1", "Done? Yes, all.")]),
    "both at once: who spoke before": (
        [Turn(0, 3, 0), Turn(1.1, 3, 1)],
        [("S1", "Done? Yes, all.")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_words_go_to_who_speaks_during_most_of_them(name: str) -> None:
    turns, expected = CASES[name]
    assert [(piece.speaker, piece.text) for piece in with_speakers([TALK], turns)] == expected


def test_without_turns_a_transcript_stays_as_it_is() -> None:
    assert with_speakers([TALK], []) == (TALK,)
