"""What the client's commands print: for a reader on a terminal, tab-separated in a pipe, or JSON.

Results and data go to stdout; progress, warnings and errors to stderr, so that a pipe gets the former alone.
"""

import sys
from collections.abc import Collection, Iterable, Sequence
from getpass import getpass
from uuid import UUID

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.client.parts import parts_of
from deploy.client.shown import in_one_line
from smelt_client import Misused
from smelt_client.models import SmeltReply

WIDE = 80  # columns from which on a table may fold its cells


class Deleted(BaseModel):
    """What `delete --json` prints; the service's own reply is empty."""

    id: UUID
    deleted: bool = True


def say(line: str) -> None:
    print(f"smelt: {in_one_line(line)}", file=sys.stderr)


def read_stdin() -> str:
    """Raises Misused for what is no text."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Misused("what came on stdin is not UTF-8; send recordings as files") from None


def read_secret(question: str) -> str:
    """Unseen from the terminal, or the first line of stdin: never an argument, which `ps` shows to all."""
    if sys.stdin.isatty():
        return getpass(question, stream=sys.stderr).strip()
    return read_stdin().strip()


def confirm(question: str, *, yes: bool) -> None:
    """Raises Misused unless it is wanted: `yes` was given, or who sits at the terminal says so."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misused(f"{question} Nobody is here to be asked: --yes says so")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Misused("nothing was deleted")


def print_json(*models: BaseModel) -> None:
    """One object a line."""
    for model in models:
        print(model.model_dump_json())


def print_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[object]],
    console: Console | None = None,
    *,
    numbers: Collection[str] = (),
) -> None:
    """On a terminal a table, and where that is too narrow for it a block for each row; with tabs elsewhere.

    `numbers`: titles of the columns that hold such.
    """
    console = console or Console()
    lines = [[in_one_line(str(value)) for value in row] for row in rows]
    if not console.is_terminal:
        for line in lines:
            print(*line, sep="\t")
    elif console.width >= WIDE or _width(titles, lines) <= console.width:
        console.print(_table(titles, lines, numbers))
    else:
        for line in lines:
            console.print(_block(titles, line))


def print_smelt(smelt: SmeltReply) -> None:
    print_table(
        ("part", "status", "progress", "note"),
        [
            (f"smelt   {smelt.id}", smelt.status, f"{smelt.progress:.0%}", smelt.error_message or ""),
            *(
                (part.title, part.status, f"{part.progress:.0%}", part.error or part.note)
                for part in parts_of(smelt)
            ),
        ],
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str]) -> Table:
    table = Table()
    for title in titles:
        table.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _width(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Columns of the screen that a table takes in which nothing is folded."""
    return 1 + sum(3 + max(map(cell_len, column)) for column in zip(titles, *rows, strict=True))


def _block(titles: Sequence[str], row: Sequence[str]) -> Table:
    """The first value on a line of its own, whole, to be copied; below it the others, each with its title."""
    block = Table.grid(padding=(0, 1))
    for title, value in zip(titles[1:], row[1:], strict=True):
        if value:
            block.add_row(Text(f"  {title}"), Text(value, overflow="fold"))
    whole = Table.grid()
    whole.add_row(Text(row[0], overflow="fold"))
    whole.add_row(block)
    return whole
