"""How far smelts are: bars on a terminal, a line for each change elsewhere; of many parts one line for all."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.client.pace import Pace
from deploy.client.parts import Part, parts_of, summary_of
from deploy.client.wording import duration
from pipeline.states import WorkStatus
from smelt_client.models import SmeltReply

FEW = 12  # parts that have a line each
AT_WORK = 5  # of more parts: how many that are at work
WIDE = 70  # columns from which on there is room for a bar
BAR = 20  # columns
LINE_EVERY = 10.0  # seconds between two lines for all, where they can't be drawn over


class Display(Protocol):
    def show(self, smelts: Sequence[SmeltReply]) -> None:
        """Always the same smelts, in the same order."""

    def hear(self, file_id: UUID, text: str) -> None:
        """What was heard last of a file: shown the next time. Called from any thread."""


class Bars:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._pace = Pace()
        self._heard: dict[UUID, str] = {}

    def show(self, smelts: Sequence[SmeltReply]) -> None:
        self._live.update(drawn(smelts, self._pace, self._live.console.width, self._heard))

    def hear(self, file_id: UUID, text: str) -> None:
        self._heard[file_id] = text


class Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._last: dict[int, tuple[object, object]] = {}
        self._told = ""
        self._told_at: float | None = None

    def show(self, smelts: Sequence[SmeltReply]) -> None:
        parts = [part for smelt in smelts for part in parts_of(smelt)]
        if len(parts) > FEW:
            self._say_all(smelts)
            return
        for number, part in enumerate(parts):
            if self._last.get(number) != (part.status, part.waiting_for):
                self._last[number] = (part.status, part.waiting_for)
                self._say(f"{part.title}: {part.standing}")

    def hear(self, file_id: UUID, text: str) -> None:
        """Nothing: a file of lines is no place for it."""

    def _say_all(self, smelts: Sequence[SmeltReply]) -> None:
        now, line = time.monotonic(), for_all(smelts, self._pace)
        ended = all(smelt.ended for smelt in smelts)
        due = self._told_at is None or ended or now - self._told_at >= LINE_EVERY
        if due and line != self._told:
            self._told, self._told_at = line, now
            self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def display(console: Console) -> Iterator[Display]:
    if not console.is_terminal:
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield Bars(live)


def drawn(
    smelts: Sequence[SmeltReply], pace: Pace, width: int, heard: Mapping[UUID, str] | None = None
) -> RenderableType:
    """As many lines as there are parts; of many parts one for all, and the few that are at work. `heard`: the last that
    was heard of each file, which has a line below it while it is at work.
    """
    parts = [part for smelt in smelts for part in parts_of(smelt, heard)]
    if len(parts) <= FEW:
        return _lines(parts, width)
    working = [part for part in parts if part.status == WorkStatus.PROCESSING]
    done = sum(smelt.progress for smelt in smelts) / len(smelts)
    line = Text(f"  {for_all(smelts, pace)}")
    bar = Padding(ProgressBar(total=1.0, completed=done, width=max(10, width - 4)), (0, 0, 0, 2))
    more = [Text(f"  and {len(working) - AT_WORK:,} more at work")] if len(working) > AT_WORK else []
    return Group(line, bar, _lines(working[:AT_WORK], width), *more)


def for_all(smelts: Sequence[SmeltReply], pace: Pace) -> str:
    left = pace.left([file for smelt in smelts for file in smelt.files])
    return summary_of(smelts) + ("" if left is None else f", about {duration(left)} left to hear")


def _lines(parts: Sequence[Part], width: int) -> Table:
    """A name that is too long is cut, so that how far it is has room on the narrowest terminal."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    if width >= WIDE:
        table.add_column(width=BAR)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(10, width // 2))
    for part in parts:
        share = 1.0 if part.status == WorkStatus.COMPLETED else part.progress
        bar = [ProgressBar(total=1.0, completed=share, width=BAR)] if width >= WIDE else []
        table.add_row(Text(f"  {part.title}"), *bar, Text(part.standing))
        if part.heard:
            table.add_row(Text(f"          {part.heard}", style="dim"), *([""] if bar else []), "")
    return table
