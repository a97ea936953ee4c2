"""A child process as its parent holds it: started, ticked for while it is silent, ended.

python -m <module> <file descriptor of its socket> <process id of its parent>
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from pipeline.processes.child_wire import Channel, Message

P = TypeVar("P")

_ROOT = Path(__file__).parent.parent.parent
_SHORTEST_WAIT = 0.001  # seconds; a socket takes 0 for "don't wait at all"


class Ticker(Generic[P]):
    """Calls `on_tick` once in `every` seconds with the latest `progress`, as long as somebody asks if it is due."""

    def __init__(self, on_tick: Callable[[P], None], every: float, progress: P) -> None:
        self._on_tick = on_tick
        self._every = every
        self._due = time.monotonic() + every
        self.progress = progress

    def seconds_left(self) -> float:
        return max(_SHORTEST_WAIT, self._due - time.monotonic())

    def tick_if_due(self) -> None:
        if time.monotonic() >= self._due:
            self._on_tick(self.progress)
            self._due = time.monotonic() + self._every


class ChildHandle:
    """A running child and the line to it.

    Linux kills the child when the *thread* that made this ends, so a thread that lasts has to make it.
    """

    def __init__(self, module: str, environment: Mapping[str, str] | None) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", module, str(theirs.fileno()), str(os.getpid())],
                pass_fds=(theirs.fileno(),),
                env=environment,
                cwd=_ROOT,
                # A library's complaint could quote content; and the terminal's Ctrl-C is the parent's to answer
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.channel = Channel(ours)

    def alive(self) -> bool:
        return self.process.poll() is None

    def next_message(self, ticker: Ticker[P]) -> Message:
        """Raises Closed, and what the ticker's `on_tick` raises."""
        while True:
            message = self.channel.receive(ticker.seconds_left())
            ticker.tick_if_due()
            if message is not None:
                return message

    def end(self) -> int:
        """Kill it if it still runs. Gives its exit code; minus the signal if one ended it."""
        self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()
