"""Tables on terminals of any width, and questions before what can't be undone."""

import io
import os
import sys
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from deploy.client.output import confirm, print_table, say
from deploy.client.shown import in_one_line
from smelt_client import Misused

ID = "0192f0c4-7a10-7c3e-9a1b-5d2f6c8e0a11"
TITLES = ("id", "status", "note")


def shown(rows: list[tuple[object, ...]], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    print_table(TITLES, rows, console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((ID, "completed", "talk.m4a"), f"{ID}|  status completed|  note   talk.m4a"),
        ((ID, "pending", ""), f"{ID}|  status pending"),
        (
            (ID, "failed", "The recording is damaged, and that is told in a sentence."),
            f"{ID}|  status failed|  note   The recording is damaged, and|         that is told in a sentence.",
        ),
        ((f"{ID}-{ID}", "x", "y"), f"{f'{ID}-{ID}'[:40]}|{f'{ID}-{ID}'[40:]}|  status x|  note   y"),
        (("语" * 30, "x", ""), f"{'语' * 20}|{'语' * 10}|  status x"),
    ],
)
def test_on_a_narrow_terminal_each_row_is_a_block_with_its_id_whole(
    row: tuple[object, ...], expected: str
) -> None:
    lines = shown([row], 40)
    assert lines == expected.split("|")
    assert max(map(cell_len, lines)) <= 40


def test_what_fits_is_a_table_and_so_is_what_has_to_be_folded_on_a_wide_terminal() -> None:
    assert shown([("a", "b", "c")], 40)[1] == "┃ id ┃ status ┃ note ┃"
    assert shown([(ID, "failed", "word " * 40)], 80)[0].startswith("┏")


def test_in_a_pipe_it_is_separated_by_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TITLES, [(ID, "completed", "[not markup]")], Console(width=40))
    assert capsys.readouterr().out == f"{ID}\tcompleted\t[not markup]\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "done"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_who_sits_at_the_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, typed: str, done: bool) -> None:
    asked = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", asked)
    answer: Any = None
    try:
        confirm("Delete it?", yes=False)
    except Misused as refused:
        answer = refused
    assert (answer is None) == done
    assert asked.getvalue() == "Delete it? [y/N] "


def test_where_nobody_can_be_asked_it_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(Misused, match="--yes"):
        confirm("Delete it?", yes=False)
    confirm("Delete it?", yes=True)


def test_no_name_breaks_a_line_or_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"a\tb\nc\x1b[2Jd\xe9") + "\u2028👩\u200d💻"
    print_table(TITLES, [(ID, name, "")], Console(width=40))
    say(name)
    shown = "a\ufffdb\ufffdc\ufffd[2Jd\ufffd\ufffd👩\u200d💻"
    assert capsys.readouterr() == (f"{ID}\t{shown}\t\n", f"smelt: {shown}\n")


def test_a_name_is_read_as_utf8_whatever_the_locale_is() -> None:
    """Where it is ASCII, each byte of an emoji comes as a letter of its own."""
    assert in_one_line("🎉".encode().decode("ascii", "surrogateescape")) == "🎉"
    assert in_one_line("a\ud800b") == "a\ufffdb"
