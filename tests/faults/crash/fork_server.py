"""Forks lives: `python -m tests.faults.crash.fork_server`. Everything is imported once; nothing is opened before the
fork.

Pickled orders come on standard input, and the exit code of each life goes to standard output; it ends with its input.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import cast

from pipeline.settings import Settings
from tests.faults.crash.points import Points
from tests.faults.crash.scenarios import LIVES

LONGEST_LIFE = 60  # seconds


@dataclass(frozen=True)
class Order:
    """`log`: where the points that were passed are written. `context`: what the life works on."""

    life: str
    settings: Settings
    context: dict[str, str]
    kill_at: int
    log: Path


class ForkServer:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def live(self, order: Order) -> int:
        """Returns the exit code; minus the signal if one ended it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(order, self._process.stdin)
        self._process.stdin.flush()
        code: int = pickle.load(self._process.stdout)  # noqa: S301 - our own process
        return code


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    command = [sys.executable, "-m", "tests.faults.crash.fork_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield ForkServer(process)
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    orders = cast("BufferedReader", sys.stdin.buffer)
    while orders.peek(1):
        order: Order = pickle.load(orders)  # noqa: S301 - our own parent
        child = os.fork()
        if child == 0:
            _live(order)
        _, status = os.waitpid(child, 0)
        pickle.dump(os.waitstatus_to_exitcode(status), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _live(order: Order) -> None:
    signal.alarm(LONGEST_LIFE)
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the answers' way
    code = 0
    try:
        points = Points(order.log, order.kill_at)
        points.arm(order.settings)
        LIVES[order.life].live(order.settings, points, order.context)
    except BaseException:  # noqa: BLE001 - told to the parent by the exit code, to the reader by the trace
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
