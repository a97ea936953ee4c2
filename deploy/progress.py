"""How far the parts of a smelt are: bars on a terminal, a line for each change elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Part = tuple[str, str, float]  # name, status, progress from 0 to 1


def parts_of(smelt: dict[str, Any]) -> list[Part]:
    """The files and outputs of a Smelt, as the API gives it."""
    names = {file["id"]: file["filename"] for file in smelt["files"]}
    files = [(f"file    {file['filename']}", file["status"], file["progress"]) for file in smelt["files"]]
    outputs = [
        (
            f"output  {output['default_prompt_name']} of {names.get(output['file_id'], 'all files together')}",
            output["status"],
            output["progress"],
        )
        for output in smelt["outputs"]
    ]
    return files + outputs


class Display(Protocol):
    def show(self, parts: list[Part]) -> None: ...


class Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, parts: list[Part]) -> None:
        for name, status, done in parts:
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=1.0, status=status)
            share = 1.0 if status == "completed" else done
            self._progress.update(self._tasks[name], completed=share, status=status)


class Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, str] = {}

    def show(self, parts: list[Part]) -> None:
        for name, status, done in parts:
            if self._last.get(name) != status:
                self._last[name] = status
                self._console.print(f"  {name}: {status} ({done:.0%})", markup=False, highlight=False)


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
