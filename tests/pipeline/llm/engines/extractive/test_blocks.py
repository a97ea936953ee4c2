"""Markdown taken apart into blocks, with their lines; and what isn't Markdown."""

import pytest

from pipeline.errors import WorkError
from pipeline.llm.engines.extractive import blocks
from pipeline.llm.engines.extractive.blocks import Shape, read_blocks

TEXT = """\
---
title: "Plan"
tags: [a, b]
---

# Top

Words of a
paragraph.

| a | b |
|---|---|
| c | d |

<div>
x
</div>

```python
x = 1
```

- one
- [ ] two

Ann
Bob
--
"""


def _blocks(text: str) -> list[tuple[Shape, str, int]]:
    return [(block.shape, block.text, block.line) for block in read_blocks(text, lambda: None)]


def test_markdown_is_told_by_its_blocks_and_lines_keep_their_numbers() -> None:
    assert _blocks(TEXT) == [
        (Shape.HEADING, "Top", 6),
        (Shape.PARAGRAPH, "Words of a\nparagraph.", 8),
        (Shape.TABLE, "| a | b |\n|---|---|\n| c | d |", 11),
        (Shape.HTML, "<div>\nx\n</div>\n", 15),
        (Shape.FENCE, "x = 1\n", 19),
        (Shape.ITEM, "one", 23),
        (Shape.ITEM, "[ ] two", 24),
        (Shape.PARAGRAPH, "Ann\nBob", 26),  # above a signature's dashes, and no heading
    ]


@pytest.mark.parametrize(
    ("following", "shape", "text"),
    [
        ("# Next\n", Shape.HEADING, "Next"),
        ("- one\n", Shape.ITEM, "one"),
        ("> quoted\n", Shape.PARAGRAPH, "quoted"),
        ("```\nx = 1\n```\n", Shape.FENCE, "x = 1\n"),
        ("<div>\n", Shape.HTML, "<div>\n"),
        ("***\nWords.\n", Shape.PARAGRAPH, "Words."),
    ],
)
@pytest.mark.parametrize("rows", ["", "| c | d |\n"])
def test_a_table_ends_where_another_block_begins(rows: str, following: str, shape: Shape, text: str) -> None:
    table = f"| a | b |\n|---|---|\n{rows}"
    [first, second] = _blocks(table + following)
    assert first == (Shape.TABLE, table.rstrip("\n"), 1)
    assert second[:2] == (shape, text)


def test_a_table_in_a_list_ends_with_its_point() -> None:
    found = _blocks("- one\n\n  | a | b |\n  |---|---|\n  | c | d |\n\n- two\n")
    assert [shape for shape, _, _ in found] == [Shape.ITEM, Shape.TABLE, Shape.ITEM]


@pytest.mark.parametrize(
    "text",
    ["[Bob]: yes", "    It is indented.", "---\nIt was late.\n---\n\nThey went home.", "\tIt is indented."],
)
def test_plain_text_isn_t_taken_for_markdown_that_hides_it(text: str) -> None:
    found = " ".join(block for _, block, _ in _blocks(text)).split()
    assert set(text.replace("---", "").split()) <= set(found)


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_nothing_is_lost_below_the_deepest_level_of_the_parser(mark: str) -> None:
    assert "at the bottom" in "".join(
        text for _, text, _ in _blocks(mark * 150 + "at the bottom\n\nAfter it.\n")
    )
    assert "After it." in "".join(text for _, text, _ in _blocks(mark * 150 + "at the bottom\n\nAfter it.\n"))


@pytest.mark.parametrize(
    ("name", "text"), [("MOST_SENTENCES", "a\n\n" * 400), ("MOST_TOKENS", "- a\n" * 400)]
)
def test_what_memory_should_not_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setattr(blocks, name, 100)
    with pytest.raises(WorkError, match="input_too_long"):
        read_blocks(text, lambda: None)


def test_there_is_a_sign_of_life_in_a_long_list() -> None:
    ticks: list[None] = []
    read_blocks("- a\n" * 5_000, lambda: ticks.append(None))
    assert len(ticks) >= 4
