"""Stretches of speech: padded, packed into windows, and what of them no word covers. Times are seconds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.samples import RATE
from pipeline.speech.spans import (
    LEAST_SECONDS,
    PAD_BEHIND_SECONDS,
    PAD_SECONDS,
    find_speech,
    joined,
    padded,
    to_windows,
    uncovered,
    within,
)
from pipeline.speech.transcript import Span
from tests.support.decoding import speech

LONGEST = 30.0
SLACK = 0.3  # by which the times of words may be wrong
TENTHS = st.integers(0, 40).map(lambda tenths: tenths / 10)


def laid_out(steps: list[tuple[float, float]]) -> list[Span]:
    """Of (silence, speech) one after the other."""
    spans, at = [], 0.0
    for silence, length in steps:
        spans.append((at + silence, at + silence + length))
        at += silence + length
    return spans


SPEECH = st.lists(st.tuples(st.floats(0.01, 4), st.floats(0.1, 12)), max_size=20).map(laid_out)
WORDS = st.lists(st.tuples(TENTHS, TENTHS.map(lambda length: length / 4)), max_size=40).map(laid_out)


def test_padding_takes_what_is_around_or_half_the_silence_between() -> None:
    assert padded([(0.1, 2.0), (2.2, 5.0), (7.0, 9.9)], 10.0) == [
        (0.0, pytest.approx(2.1)),
        (pytest.approx(2.1), pytest.approx(6.0)),
        (pytest.approx(6.6), 10.0),
    ]
    assert padded([], 10.0) == []


@given(SPEECH)
def test_what_is_padded_holds_its_speech_and_overlaps_nothing(spans: list[Span]) -> None:
    end = spans[-1][1] if spans else 0.0
    around = padded(spans, end)
    assert len(around) == len(spans)
    for (start, stop), (first, last) in zip(spans, around, strict=True):
        assert 0.0 <= first <= start < stop <= last <= end
        assert start - first <= PAD_SECONDS + 1e-9
        assert last - stop <= PAD_BEHIND_SECONDS + 1e-9
    assert all(one[1] <= two[0] + 1e-9 for one, two in pairwise(around))


def test_windows_are_as_long_as_they_may_be() -> None:
    assert to_windows([(0, 10), (11, 20), (21, 30), (31, 40)], LONGEST) == [(0, 30), (31, 40)]
    assert to_windows([(5, 40), (41, 42)], LONGEST) == [(5, 40), (41, 42)]


def test_no_window_of_what_is_found_is_longer_than_the_model_hears() -> None:
    """Also where speech goes on for so long that it has to be cut."""
    frames = speech()[: len(speech()) // 320 * 320].reshape(-1, 320)
    said = frames[np.abs(frames).max(axis=1) > 0.01].reshape(-1)  # without a pause to cut it in
    silence = np.zeros(RATE, np.float32)
    going_on = np.concatenate([silence, said, silence])
    longest = 3.0
    found = find_speech(going_on, longest)
    windows = to_windows(padded(found, len(going_on) / RATE), longest)
    assert len(found) > 2
    assert max(last - first for first, last in windows) <= longest


@pytest.mark.parametrize(
    ("window", "inside"),
    [
        ((0.0, 10.0), [(1.0, 2.0), (3.0, 5.0), (6.0, 7.0)]),
        ((1.5, 6.5), [(1.5, 2.0), (3.0, 5.0), (6.0, 6.5)]),
        ((2.0, 3.0), []),
        ((3.5, 4.0), [(3.5, 4.0)]),
    ],
)
def test_of_speech_a_window_has_what_lies_in_it(window: Span, inside: list[Span]) -> None:
    assert within([(1.0, 2.0), (3.0, 5.0), (6.0, 7.0)], window) == inside


@pytest.mark.parametrize(
    ("words", "gaps"),
    [
        pytest.param([], [(1.0, 6.0), (8.0, 9.5)], id="no words"),
        pytest.param([(1.0, 6.0), (8.0, 9.5)], [], id="all of it"),
        pytest.param([(1.5, 5.5), (8.3, 9.0)], [], id="less than a second at each end"),
        pytest.param([(1.0, 2.0), (4.0, 6.0), (8.0, 9.5)], [(2.3, 3.7)], id="in the middle"),
        pytest.param([(1.0, 2.0), (3.4, 6.0), (8.0, 9.5)], [], id="in the middle, but short"),
        pytest.param([(0.0, 9.5)], [], id="one over both"),
        pytest.param([(3.0, 4.0)], [(1.0, 2.7), (4.3, 6.0), (8.0, 9.5)], id="a word alone"),
        pytest.param([(8.0, 9.5), (4.0, 6.0), (1.0, 2.0)], [(2.3, 3.7)], id="in any order"),
        pytest.param([(1.0, 6.0), (2.0, 2.1), (8.0, 9.5)], [], id="a long one and one within it"),
        pytest.param([(6.2, 7.8)], [(1.0, 5.9), (8.1, 9.5)], id="in the silence"),
    ],
)
def test_speech_without_words_is_found(words: list[Span], gaps: list[Span]) -> None:
    assert uncovered([(1.0, 6.0), (8.0, 9.5)], words) == [pytest.approx(gap) for gap in gaps]


@given(SPEECH, WORDS)
def test_uncovered_is_what_no_word_covers(spans: list[Span], words: list[Span]) -> None:
    gaps = uncovered(spans, words)
    assert gaps == sorted(gaps)
    for first, last in gaps:
        assert last - first >= LEAST_SECONDS
        assert any(start <= first and last <= end for start, end in spans)
        assert not any(max(first, start - SLACK) < min(last, end + SLACK) for start, end in words)
    for start, end in spans:
        edges = sorted({start, end, *(edge for one in words for edge in (one[0] - SLACK, one[1] + SLACK))})
        inside = [edge for edge in edges if start <= edge <= end]
        for one, two in pairwise(inside):
            bare = not any(a - SLACK < (one + two) / 2 < b + SLACK for a, b in words)
            if bare and two - one >= LEAST_SECONDS:
                assert any(first <= one and two <= last for first, last in gaps)


@pytest.mark.parametrize(
    ("gaps", "words", "together"),
    [
        pytest.param([(1, 3), (3.5, 6)], [], [(1, 6)], id="close"),
        pytest.param([(1, 3), (4, 6)], [], [(1, 3), (4, 6)], id="apart"),
        pytest.param([(1, 3), (3.5, 6)], [(3.1, 3.3)], [(1, 3), (3.5, 6)], id="a word between"),
        pytest.param([(1, 3), (3.5, 6)], [(0, 0.9), (6.1, 7)], [(1, 6)], id="words around"),
        pytest.param([(0, 16), (16.5, 31)], [], [(0, 16), (16.5, 31)], id="too long for a window"),
        pytest.param([(1, 3), (3.5, 6), (6.2, 8), (20, 22)], [], [(1, 8), (20, 22)], id="more than two"),
    ],
)
def test_neighbours_are_heard_again_together(
    gaps: list[Span], words: list[Span], together: list[Span]
) -> None:
    assert joined(gaps, words, LONGEST) == together


@given(SPEECH, WORDS)
def test_what_is_joined_holds_each_gap_and_fits_a_window(gaps: list[Span], words: list[Span]) -> None:
    together = joined(gaps, words, LONGEST)
    assert together == sorted(together)
    assert all(last - first <= LONGEST for first, last in together)
    for start, end in gaps:
        assert sum(first <= start and end <= last for first, last in together) == 1
