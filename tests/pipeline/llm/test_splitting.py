"""Texts split to fit: nothing lost, cut where it hurts least."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.llm.splitting import DoesNotFit, Piece, heading_tokens, pack, split_text
from pipeline.llm.token_counts import MOST_PER_CHARACTER, estimate_tokens

TEXTS = st.text(st.one_of(st.sampled_from(" \n.!?ab。"), st.characters()), max_size=400)


@given(TEXTS, st.integers(MOST_PER_CHARACTER, 120))
@example("\ud800" * 9, 4)
def test_pieces_joined_are_the_text_and_each_fits(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert "".join(pieces) == text
    assert all(0 < estimate_tokens(piece) <= limit for piece in pieces)


@given(st.lists(TEXTS, max_size=6), st.integers(80, 300))
@settings(max_examples=200)
def test_packing_loses_nothing_and_keeps_order(texts: list[str], limit: int) -> None:
    chunks = pack([Piece(f"{i}.md", text) for i, text in enumerate(texts)], limit)
    packed = [passage for chunk in chunks for passage in chunk]
    assert "".join(passage.text for passage in packed) == "".join(texts)
    assert [p.name for p in packed] == sorted(p.name for p in packed)
    assert all(sum(passage.tokens for passage in chunk) <= limit for chunk in chunks)
    for name in {p.name for p in packed}:
        parts = [p for p in packed if p.name == name]
        assert [p.part for p in parts] == list(range(1, len(parts) + 1))
        assert {p.parts for p in parts} == {len(parts)}


WORD = "wordword "


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        (f"{WORD * 5}.\n\n{WORD * 3}.\n{WORD * 5}", "\n\n"),  # the paragraph, though a line ends later
        (f"{WORD * 3}.\n{WORD * 3}. {WORD * 5}", "\n"),
        (f"{WORD * 3}. {WORD * 9}", ". "),
        (f"{WORD * 12}", " "),
        ("字。" * 30, "。"),
        ("x" * 200, "x"),
    ],
    ids=["paragraph", "line", "sentence", "word", "sentence without spaces", "character"],
)
def test_cuts_at_the_strongest_border(text: str, ends: str) -> None:
    first = split_text(text, 26)[0]
    assert len(first) < len(text)
    assert first.endswith(ends)


def test_a_document_that_fits_is_never_split() -> None:
    pieces = [Piece("a", "word " * 100), Piece("b", "word " * 100), Piece("c", "word " * 100)]
    limit = 100 + 2 * estimate_tokens(pieces[0].text)
    assert all(passage.parts == 1 for chunk in pack(pieces, limit) for passage in chunk)


def test_too_small_a_budget_is_refused() -> None:
    with pytest.raises(DoesNotFit):
        split_text("text", MOST_PER_CHARACTER - 1)
    with pytest.raises(DoesNotFit):
        pack([Piece("name", "text")], heading_tokens("name") + 15)


@pytest.mark.parametrize(
    "unit",
    [".", '."', "\n", " ", "\n ", " \n", "a. ", "。", "。」", "?", "a-", "x", "word ", ")" * 999 + "."],
)
def test_time_is_linear_in_the_text_whatever_it_is_made_of(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    begun = time.perf_counter()
    assert "".join(split_text(text, 5_000)) == text
    assert time.perf_counter() - begun < 10
