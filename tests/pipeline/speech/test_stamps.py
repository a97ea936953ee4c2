"""Time stamps among tokens. Text is below 100, 100 to 199 is neither text nor stamp, 200 is 0.00 seconds."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.stamps import Piece, read_stamps

TEXT_BELOW, FIRST_STAMP = 100, 200


def at(seconds: float) -> int:
    return FIRST_STAMP + round(seconds / 0.02)


def read(*tokens: int) -> tuple[list[Piece], bool]:
    return read_stamps(tokens, FIRST_STAMP, TEXT_BELOW)


@pytest.mark.parametrize(
    ("tokens", "pieces", "complete"),
    [
        pytest.param([], [], False, id="nothing"),
        pytest.param(
            [at(0), 1, 2, at(2.4), at(2.6), 3, at(5), at(5)],
            [Piece(0.0, 2.4, (1, 2)), Piece(2.6, 5.0, (3,))],
            False,
            id="pairs: more may be said",
        ),
        pytest.param([at(0.5), 1, 2, at(4)], [Piece(0.5, 4.0, (1, 2))], True, id="a single end"),
        pytest.param(
            [at(0), 1, at(2), at(2), 2, 3, at(4)],
            [Piece(0.0, 2.0, (1,)), Piece(2.0, 4.0, (2, 3))],
            True,
            id="a pair, then a single end",
        ),
        pytest.param([1, 2], [Piece(0.0, None, (1, 2))], False, id="none"),
        pytest.param([at(1), 1, 2], [Piece(1.0, None, (1, 2))], False, id="a start alone"),
        pytest.param(
            [at(0), 1, at(2), at(2), 2, 3], [Piece(0.0, 2.0, (1,))], False, id="cut off in the second"
        ),
        pytest.param([at(0)], [Piece(0.0, None, ())], False, id="one stamp and nothing else"),
        pytest.param([at(0), at(30)], [Piece(0.0, None, ())], False, id="stamps alone"),
        pytest.param(
            [150, at(0), 1, 199, 2, at(2)], [Piece(0.0, 2.0, (1, 2))], True, id="neither is left out"
        ),
    ],
)
def test_segments_lie_between_stamps(tokens: list[int], pieces: list[Piece], *, complete: bool) -> None:
    assert read(*tokens) == (pieces, complete)


@given(st.lists(st.one_of(st.integers(0, 199), st.integers(200, 1_700)), max_size=60))
def test_no_text_is_read_twice_and_only_the_last_segment_is_left_out(tokens: list[int]) -> None:
    pieces, complete = read(*tokens)
    read_text = [token for piece in pieces for token in piece.tokens]
    text = [token for token in tokens if token < TEXT_BELOW]
    assert read_text == text[: len(read_text)]
    as_read = [token for piece in pieces for token in piece.stamped]
    assert as_read == tokens[: len(as_read)]
    assert [token for token in as_read if token < TEXT_BELOW] == read_text
    pairs = any(one >= FIRST_STAMP <= two for one, two in pairwise(tokens))
    if complete or not pairs:
        assert read_text == text
