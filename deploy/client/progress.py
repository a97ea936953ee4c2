"""How far the parts of a smelt are: bars on a terminal, a line for each change elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True)
class Part:
    """`progress`: from 0 to 1. `error`: why it failed."""

    name: str
    status: str
    progress: float
    error: str | None


def parts_of(smelt: dict[str, Any]) -> list[Part]:
    """The files and outputs of a Smelt, as the API gives it; always in the same order."""
    names = {file["id"]: file["filename"] for file in smelt["files"]}
    files = [_part(f"file    {file['filename']}", file) for file in smelt["files"]]
    outputs = [
        _part(
            f"output  {output['default_prompt_name'] or 'own prompt'} of "
            f"{names.get(output['file_id'], 'all files together')}",
            output,
        )
        for output in smelt["outputs"]
    ]
    return files + outputs


def _part(name: str, part: dict[str, Any]) -> Part:
    return Part(name, part["status"], part["progress"], part["error_message"])


class Display(Protocol):
    def show(self, parts: Sequence[Part]) -> None:
        """Always the same parts in the same order: two files may have one name."""


class Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: list[TaskID] = []

    def show(self, parts: Sequence[Part]) -> None:
        for part in parts[len(self._tasks) :]:
            task = self._progress.add_task(escape(part.name), total=1.0, status=part.status)
            self._tasks.append(task)
        for task, part in zip(self._tasks, parts, strict=True):
            share = 1.0 if part.status == "completed" else part.progress
            self._progress.update(task, completed=share, status=part.status)


class Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[int, str] = {}

    def show(self, parts: Sequence[Part]) -> None:
        for number, part in enumerate(parts):
            if self._last.get(number) != part.status:
                self._last[number] = part.status
                line = f"  {part.name}: {part.status} ({part.progress:.0%})"
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def display(console: Console) -> Iterator[Display]:
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)
