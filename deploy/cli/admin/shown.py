"""How the commands of operators print: in 80 columns, or an object of JSON a line; and how they ask."""

import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from deploy.client.output import say
from deploy.client.shown import in_one_line

UNDONE = 1  # the exit code where something is as it was
NOT_CONFIRMED = 2  # as of what is wrongly called


def print_lines(
    titles: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Collection[str] = ()
) -> None:
    """On a terminal a table without lines, in which the first column is never folded: it is an id, to be copied. With
    tabs elsewhere. `numbers`: titles of the columns that hold such. Without titles there is no head.
    """
    console = Console()
    lines = [[in_one_line(str(value)) for value in row] for row in rows]
    if not console.is_terminal:
        for line in lines:
            print(*line, sep="\t")
        return
    table = Table(box=None, pad_edge=False, show_header=any(titles))
    for place, title in enumerate(titles):
        justify: JustifyMethod = "right" if title in numbers else "left"
        table.add_column(title, justify=justify, overflow="fold", no_wrap=place == 0)
    for line in lines:
        table.add_row(*map(Text, line))
    console.print(table)


def print_objects(objects: Iterable[Mapping[str, object]]) -> None:
    """One a line. Times as in the API."""
    for one in objects:
        print(json.dumps(one, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in one unit; nothing for None."""
    return "" if moment is None else lasting(((now or datetime.now(UTC)) - moment).total_seconds())


def lasting(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether it is wanted: `yes` was given, or who sits at the terminal says so."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(f"{question} Nobody is here to be asked: --yes says so; nothing was done")
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    say("nothing was done")
    return False
