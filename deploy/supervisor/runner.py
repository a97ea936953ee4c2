"""One process kept alive: its output is reported line by line, and when it dies it is started again.

Except when it ends with EX_CONFIG (sysexits.h): then starting it again would end the same way.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

FIRST_DELAY = 0.5  # seconds before the first restart; doubles with each death in a row
LONGEST_DELAY = 1.0  # with the seconds that a start takes: who is killed again and again is back within five
DEATHS_AT_START = 2  # how often a process may die before it is first ready; who dies more often never will be
HEALTHY_AFTER = 10.0  # seconds alive after which earlier deaths are forgiven
EX_CONFIG = 78


def restart_delay(deaths_in_a_row: int) -> float:
    """Seconds to wait before the next start, from 1 death up."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(deaths_in_a_row - 1, 16)))


class Runner(threading.Thread):
    """Keeps what `spawn` starts running until `ask_to_stop`. `report` gets its lines, and ours about it."""

    def __init__(
        self,
        name: str,
        spawn: Callable[[], subprocess.Popen[bytes]],
        report: Callable[[str], None],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.deaths = 0
        self.last_line = ""  # that any of the processes has printed
        self.gave_up = False
        self._spawn = spawn
        self._report = report
        self._stop_signal = stop_signal
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        deaths_in_a_row = 0
        while (process := self._start_unless_stopping()) is not None:
            started = time.monotonic()
            self._watch(process)
            if self._stopping.is_set():
                return
            self.deaths += 1
            if process.returncode == EX_CONFIG:
                self.gave_up = True
                return
            deaths_in_a_row = 1 if time.monotonic() - started > HEALTHY_AFTER else deaths_in_a_row + 1
            delay = restart_delay(deaths_in_a_row)
            self._report(f"ended with code {process.returncode}; starting it again in {delay:g} s")
            self._stopping.wait(delay)

    def ask_to_stop(self) -> None:
        """Sends the stop signal once, and starts it no more. Returns at once."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.send_signal(self._stop_signal)

    def finish(self, grace: float) -> None:
        """Waits up to `grace` seconds for the end, then kills what is left of the process and its group."""
        self.join(grace)
        if self.is_alive():
            self._report(f"still running after {grace:g} s; killing it")
            self.kill()
            self.join()

    def kill(self) -> None:
        """Kills the process and its group, if it runs. It is started again unless it was asked to stop."""
        with self._lock:
            # Only the thread reaps it, so a process without an exit code still owns its number.
            if self._process is not None and self._process.returncode is None:
                _kill_group(self._process.pid)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def _start_unless_stopping(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = self._spawn()
            return self._process

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        pump = threading.Thread(target=self._pump, args=(process,), name=f"{self.name} output", daemon=True)
        pump.start()
        # Wait without reaping: while the dead leader keeps its number, the group can't be another's.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        _kill_group(process.pid)
        process.wait()
        pump.join(1.0)  # longer only if a process outside the group still holds the pipe

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self.last_line = line.decode(errors="replace").rstrip()
                self._report(self.last_line)


def stop_all(runners: list[Runner], grace: float) -> None:
    """Asks those that were started to stop, all at once, and kills what is left of them after `grace` seconds."""
    started = [runner for runner in runners if runner.ident is not None]
    deadline = time.monotonic() + grace
    for runner in started:
        runner.ask_to_stop()
    for runner in started:
        runner.finish(max(0.0, deadline - time.monotonic()))


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
        os.killpg(leader, signal.SIGKILL)
