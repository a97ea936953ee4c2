"""Labels, turns and names of speakers."""

import pytest

from pipeline.speech.speakers import SpeakerTime, cut_at_turns, labeled, renamed, speaker_times, spoken_by
from pipeline.speech.transcript import Segment, Transcript, Word, turn_beginnings

ASKED = Segment(
    0.0, 2.0, "Is it done?", (Word(0.0, 0.5, " Is"), Word(0.5, 1.0, " it"), Word(1.0, 2.0, " done?"))
)
BOTH = Segment(2.0, 4.0, "Yes. Good.", (Word(2.0, 2.5, " Yes."), Word(3.0, 4.0, " Good.")))


def by_half(start: float, end: float) -> str:
    return "late" if (start + end) / 2 > 2.7 else "early"


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    assert list(cut_at_turns(ASKED, by_half)) == [spoken_by(ASKED, "early")]
    assert list(cut_at_turns(BOTH, by_half)) == [
        Segment(2.0, 2.5, "Yes.", (Word(2.0, 2.5, " Yes.", "early"),), speaker="early"),
        Segment(3.0, 4.0, "Good.", (Word(3.0, 4.0, " Good.", "late"),), speaker="late"),
    ]
    assert list(cut_at_turns(Segment(3.0, 4.0, "Hm."), by_half)) == [Segment(3.0, 4.0, "Hm.", speaker="late")]


def test_labels_are_by_first_appearance() -> None:
    later, first = spoken_by(ASKED, "right"), spoken_by(Segment(-1.0, 0.0, "Well."), "left")
    assert [segment.speaker for segment in labeled([later, first, later])] == ["S1", "S2", "S2"]


def test_each_has_the_seconds_of_its_segments() -> None:
    segments = [spoken_by(BOTH, "b"), spoken_by(ASKED, "a"), spoken_by(Segment(9.0, 9.5, "Bye."), "b")]
    assert speaker_times(Transcript(labeled(segments))) == (SpeakerTime("S1", 2.0), SpeakerTime("S2", 2.5))
    assert speaker_times(Transcript((ASKED,))) == ()


def test_names_stand_in_place_of_labels_also_through_the_store() -> None:
    transcript = Transcript(labeled([spoken_by(ASKED, "a"), spoken_by(BOTH, "b")]), "en", 4.0)
    named = renamed(transcript, {"S1": "Alice", "S7": "nobody"})
    assert [segment.speaker for segment in named.segments] == ["Alice", "S2"]
    assert {word.speaker for word in named.segments[0].words} == {"Alice"}
    assert Transcript.from_json(named.to_json()) == named
    assert renamed(transcript, {}) is transcript


def test_without_speakers_nothing_of_them_is_stored() -> None:
    assert b"speaker" not in Transcript((ASKED, BOTH)).to_json()


@pytest.mark.parametrize(
    ("speakers", "told"),
    [("aab", ["a", None, "b"]), ("aba", ["a", "b", "a"]), ("a", ["a"])],
)
def test_who_speaks_is_said_at_each_turn(speakers: str, told: list[str | None]) -> None:
    segments = [spoken_by(ASKED, speaker) for speaker in speakers]
    assert [speaker for _, speaker in turn_beginnings(segments)] == told


def test_where_nobody_is_known_nobody_is_said() -> None:
    assert [speaker for _, speaker in turn_beginnings([ASKED, BOTH])] == [None, None]
