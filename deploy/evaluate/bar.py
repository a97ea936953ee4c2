"""How far an evaluation is: a bar on a terminal, a line for each recording elsewhere, nothing beside JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.evaluate.scoring import Score
from deploy.evaluate.trial import Trial
from pipeline.speech.process import SpeechProgress


class Bar(Protocol):
    def begin(self, name: str) -> None: ...
    def tick(self, progress: SpeechProgress) -> None: ...
    def end(self, trial: Trial) -> None: ...


class Silent:
    def begin(self, name: str) -> None:
        pass

    def tick(self, progress: SpeechProgress) -> None:
        pass

    def end(self, trial: Trial) -> None:
        pass


class Lines(Silent):
    def __init__(self, console: Console) -> None:
        self._console = console

    def end(self, trial: Trial) -> None:
        self._console.print(
            f"  {trial.name}: {_result(trial)}", markup=False, highlight=False, soft_wrap=True
        )


class Drawn:
    """One bar for all of them; the recording under way counts by its seconds."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("loading the model", total=total, errors="")
        self._done = 0
        self._score = Score()

    def begin(self, name: str) -> None:
        self._progress.update(self._task, description=escape(name))

    def tick(self, progress: SpeechProgress) -> None:
        if progress.total_seconds:
            share = min(progress.done_seconds / progress.total_seconds, 1.0)
            self._progress.update(self._task, completed=self._done + share)

    def end(self, trial: Trial) -> None:
        self._done += 1
        self._score += trial.score or Score()
        self._progress.update(self._task, completed=self._done, errors=_rate(self._score))


@contextmanager
def showing(console: Console | None, total: int) -> Iterator[Bar]:
    """For the block. `total`: recordings."""
    if console is None or not console.is_terminal:
        yield Silent() if console is None else Lines(console)
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[errors]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Drawn(progress, total)


def _result(trial: Trial) -> str:
    return trial.code or "" if trial.score is None else _rate(trial.score)


def _rate(score: Score) -> str:
    rate = score.word_error_rate
    return f"{score.word_errors} words too many" if rate is None else f"{rate:.1%} of the words wrong"
