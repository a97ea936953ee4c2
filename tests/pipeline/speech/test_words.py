"""Words and their times: what they cover, where they lie, and the segments that they make."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.transcript import Segment, Span, Word
from pipeline.speech.words import (
    EDGE,
    LONGEST,
    TimedWord,
    covered,
    in_speech,
    not_before,
    said_in,
    to_segments,
    trimmed,
    within_stamps,
)
from pipeline.states import SpeechTask


def word(start: float, end: float, text: str = " word", segment: int = 0) -> TimedWord:
    return TimedWord(start, end, text, (segment,))


def times(words: list[TimedWord]) -> list[Span]:
    return [(each.start, each.end) for each in words]


def texts(segments: list[Segment]) -> list[str]:
    return [segment.text for segment in segments]


TIMED = st.lists(
    st.tuples(
        st.floats(0, 20), st.floats(0, 6), st.sampled_from([" a", " b,", "c", ".", " -"]), st.integers(0, 3)
    ).map(lambda drawn: word(drawn[0], drawn[0] + drawn[1], drawn[2], drawn[3])),
    max_size=20,
).map(lambda words: sorted(words, key=lambda each: each.segment))


@pytest.mark.parametrize(
    ("words", "spans"),
    [
        pytest.param([word(0.0, LONGEST)], [(0.0, LONGEST)], id="a word"),
        pytest.param([word(1.0, 6.0)], [(1.0, 1.6), (5.4, 6.0)], id="a long one, its ends"),
        pytest.param([word(1.0, 1.4, "."), word(2.0, 9.0, " …")], [], id="punctuation"),
        pytest.param([word(1.0, 1.4, " 5.")], [(1.0, 1.4)], id="a number"),
        pytest.param([word(1.0, 1.4, "好")], [(1.0, 1.4)], id="another script"),
    ],
)
def test_a_word_stands_for_no_more_sound_than_it_can(words: list[TimedWord], spans: list[Span]) -> None:
    assert list(covered(words)) == spans


def test_a_translation_stands_for_what_its_segments_span() -> None:
    """Its words come in another order than what they stand for, so a gap between them is none."""
    said = [word(4.0, 4.4), word(1.0, 1.3), word(2.0, 2.2), word(8.0, 8.5, segment=1)]
    assert list(covered(said, SpeechTask.TRANSLATE)) == [(1.0, 4.4), (8.0, 8.5)]
    assert len(list(covered(said))) == 4


@pytest.mark.parametrize(
    ("timed", "within"),
    [
        pytest.param((4.7, 7.0), (9.2, 9.2), id="drawn over what is before its segment"),
        pytest.param((7.0, 9.9), (9.3, 9.9), id="drawn into it"),
        pytest.param((7.0, 9.5), (9.2, 9.5), id="drawn a little into it"),
        pytest.param((10.4, 16.0), (10.4, 11.1), id="drawn over what follows"),
        pytest.param((11.2, 16.0), (11.1, 11.1), id="all of it behind"),
        pytest.param((8.0, 9.0), (8.0, 9.0), id="no longer than a word"),
    ],
)
def test_a_long_word_lies_between_the_stamps_of_its_segment(timed: Span, within: Span) -> None:
    result = within_stamps(word(*timed), 9.6, 10.7)
    assert (result.start, result.end) == pytest.approx(within)


@pytest.mark.parametrize(
    ("timed", "moved"),
    [
        pytest.param((3.0, 3.4), (4.3, 4.3), id="all of it before"),
        pytest.param((3.0, 5.0), (4.3, 5.0), id="begins before"),
        pytest.param((4.3, 5.0), (4.3, 5.0), id="in order"),
    ],
)
def test_no_word_begins_before_the_one_before(timed: Span, moved: Span) -> None:
    """As the word that was drawn over skipped speech lies within its segment, so does what was drawn along."""
    result = not_before(word(*timed), 4.3)
    assert (result.start, result.end) == pytest.approx(moved)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        pytest.param([word(0.5, 1.5), word(2.0, 2.4)], 2, id="in speech"),
        pytest.param([word(5.0, 5.5), word(5.5, 6.0)], 0, id="in silence"),
        pytest.param([word(3.3, 3.9)], 1, id="a little too late"),
        pytest.param([word(3.5, 3.9)], 0, id="too late"),
        pytest.param([word(0.1, 0.7)], 1, id="a little too early"),
        pytest.param([word(0.1, 0.5)], 0, id="too early"),
        pytest.param([word(2.8, 3.0), word(5.0, 5.5)], 2, id="a segment that begins in speech is whole"),
        pytest.param([word(2.8, 3.0), word(5.0, 5.5, segment=1)], 1, id="the next one is another"),
    ],
)
def test_segments_in_silence_are_dropped(words: list[TimedWord], kept: int) -> None:
    assert in_speech(words, [(1.0, 3.0), (8.0, 9.0)]) == words[:kept]


def test_without_speech_there_are_no_words() -> None:
    assert in_speech([word(0.0, 1.0)], []) == []


def test_a_long_word_is_as_long_as_a_word() -> None:
    """The first of a segment was drawn to what was before it, others to what came after."""
    words = [word(0.0, 5.0, " first"), word(5.0, 5.4, " next"), word(5.4, 9.0, " last")]
    assert times(trimmed(words)) == [(5.0 - EDGE, 5.0), (5.0, 5.4), (5.4, 5.4 + EDGE)]
    assert times(trimmed([word(0.0, LONGEST)])) == [(0.0, LONGEST)]


def test_what_was_found_in_a_gap_lies_before_a_word_that_was_drawn_over_it() -> None:
    drawn = [word(10.0, 14.6, " I"), word(14.6, 15.0, " knew")]
    found = [word(10.5 + number, 11.0 + number, f" {number}", 1) for number in range(4)]
    assert [each.text for each in trimmed(drawn + found)] == [" 0", " 1", " 2", " 3", " I", " knew"]


def test_what_was_found_in_a_gap_lies_behind_a_word_that_was_drawn_over_it() -> None:
    drawn = [word(9.0, 9.4, " we"), word(9.4, 14.0, " know"), word(14.0, 14.4, " that")]
    found = [word(10.2 + number, 10.7 + number, f" {number}", 1) for number in range(3)]
    assert [each.text for each in trimmed(drawn + found)] == [" we", " know", " 0", " 1", " 2", " that"]


@given(TIMED)
def test_trimmed_words_are_all_there_in_order_and_none_is_long(words: list[TimedWord]) -> None:
    result = trimmed(words)
    middles = [start + end for start, end in times(result)]
    assert middles == sorted(middles)
    assert sorted(each.text for each in result) == sorted(each.text for each in words)
    assert all(each.end - each.start <= LONGEST + 1e-9 for each in result)
    for each in result:
        assert any(one.start <= each.start + 1e-9 and each.end <= one.end + 1e-9 for one in words)


def test_segments_are_in_the_recordings_time() -> None:
    words = [word(1.0, 1.5, " One"), word(1.5, 2.0, " two."), word(2.0, 2.25, " Three", 1)]
    assert list(to_segments(words, 300.0, 310.0)) == [
        Segment(301.0, 302.0, "One two.", (Word(301.0, 301.5, " One"), Word(301.5, 302.0, " two."))),
        Segment(302.0, 302.25, "Three", (Word(302.0, 302.25, " Three"),)),
    ]


def test_a_segment_that_another_was_found_in_the_middle_of_is_two() -> None:
    words = [word(0, 1, " a"), word(1, 2, " b", 1), word(2, 3, " c"), word(3, 4, " d")]
    assert texts(list(to_segments(words, 0.0, 10.0))) == ["a", "b", "c d"]


@pytest.mark.parametrize("words", [[], [word(1, 2, " ")], [word(1, 2, "")]])
def test_nothing_said_makes_no_segment(words: list[TimedWord]) -> None:
    assert list(to_segments(words, 0.0, 10.0)) == []


@given(TIMED)
def test_times_rise_within_the_block(words: list[TimedWord]) -> None:
    offset, end = 100.0, 118.0
    segments = list(to_segments(trimmed(words), offset, end))
    said = [each for segment in segments for each in segment.words]
    edges = [edge for each in said for edge in (each.start, each.end)]
    assert edges == sorted(edges)
    assert all(offset <= edge <= end for edge in edges)
    assert all(one.end <= two.start for one, two in pairwise(segments))
    assert "".join(each.text for each in said) == "".join(each.text for each in trimmed(words))
    for segment in segments:
        assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)


def test_of_what_is_heard_again_only_what_was_said_in_the_gap_counts() -> None:
    """The gap begins 0.3 s behind a word, and a bit of sound before it is heard with it."""
    before, first, last, after = (
        TimedWord(start, start + 0.2, f" {start}", (1, 0, 0)) for start in (1.6, 2.1, 4.8, 5.4)
    )
    assert said_in([before, first, last, after], [(2.2, 4.8)]) == [first, last]
