"""Finds the points of a process's life at which it may be killed, by wrapping the real functions; kills it at one."""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from db.one_exchange import OneExchange
from pipeline.content import staged_file
from pipeline.content.folder import Folder
from pipeline.settings import Settings
from workers.actors.outbound import Outbound
from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.waiting import Waiting

OURS = ("api.", "workers.", "db.", "pipeline.")
# What every commit, send or write passes through says nothing about which it is.
EVERYBODYS = (
    "db.session",
    "db.one_exchange",
    "workers.notifications.queue_notifications",
    "workers.services:",
    "workers.notifications.waiting",
    "pipeline.content.folder",
    "pipeline.content.staged_file",
    "pipeline.content.store:",
    "pipeline.content.writer",
)


class Points:
    """Writes down the name of every point, in a file that outlives the process; kills it at the `kill_at`-th.

    `kill_at` 0: never.
    """

    def __init__(self, log: Path, kill_at: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill_at = kill_at
        self._passed = 0
        self._names: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, line: str) -> None:
        os.write(self._log, line.encode() + b"\n")

    def pass_by(self, moment: str) -> None:
        with self._lock:
            name = f"{moment} in {_caller()}"
            self._names[name] += 1
            self._passed += 1
            self.note(f"point {name} #{self._names[name]}")
            if self._passed == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def around(self, owner: Any, name: str, *, before: str | None, after: str | None) -> None:
        """Wraps a function of a class or a module."""
        original: Callable[..., Any] = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if before is not None:
                self.pass_by(before)
            result = original(*args, **kwargs)
            if after is not None:
                self.pass_by(after)
            return result

        setattr(owner, name, wrapped)

    def arm(self, settings: Settings) -> None:
        self.around(DefaultDialect, "do_commit", before="before a commit", after="after a commit")
        self.around(OneExchange, "execute_all", before="before a commit", after="after a commit")
        self.around(OneExchange, "end", before="before a commit", after="after a commit")
        self.around(Waiting, "add", before="before a notification", after="after a notification")
        self.around(QueueNotifier, "announce", before="before an announcement", after="after an announcement")
        self.around(staged_file.StagedFile, "__init__", before=None, after="an object is begun")
        self.around(
            staged_file.StagedFile, "name", before="an object is written", after="an object is stored"
        )
        self.around(staged_file, "sync_folder", before="an object has its name", after=None)
        self.around(Folder, "delete_under", before="before a deletion", after="after a deletion")
        self.around(Outbound, "post", before="before a webhook", after="after a webhook")
        self._arm_unlink(Path(settings.need("content_url").removeprefix("file://")))

    def _arm_unlink(self, content: Path) -> None:
        original = Path.unlink

        def unlink(path: Path, missing_ok: bool = False) -> None:
            original(path, missing_ok=missing_ok)
            if content in path.parents:
                self.pass_by("an object is deleted")

        Path.unlink = unlink  # type: ignore[assignment,method-assign]


def _caller() -> str:
    """The nearest function of ours that says what is being done."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_name}"
        if name.startswith(OURS) and not name.startswith(EVERYBODYS):
            return name.replace("<lambda>", "change")
        frame = frame.f_back
    return "a thread"
