"""Child processes that end with their starter, however it ends (`deploy/supervisor/launch.py` has the mechanism)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a child runs as. `reach`: it may pass through folders that are closed to this account."""

    user: str
    reach: bool


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    output: IO[bytes] | int = subprocess.PIPE,
    account: Account | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, so that the terminal's Ctrl-C reaches only us.

    It gets `stop_signal` when the thread that called this ends; so call it from a thread that lives as long
    as the child should. stdout and stderr go to `output` together. `keep_open`: file descriptors it inherits.
    Raises OSError when the launcher can't be started; what goes wrong later ends the child with code 125.
    """
    options = {
        "parent": os.getpid(),
        "signal": int(stop_signal),
        "user": account.user if account else None,
        "reach": account.reach if account else False,
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(options), *command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=tuple(keep_open),
    )
