"""`smelt worker <queue>`: the worker processes of one queue, each kept alive by itself.

The death of one stops no other, and it is running again within seconds. When this process ends, they end.
"""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from deploy.supervisor.children import spawn
from deploy.supervisor.environment import child_environment
from deploy.supervisor.runner import DEATHS_AT_START, EX_CONFIG, Runner, stop_all
from pipeline.logs import configure, is_event
from pipeline.processes.stop_signal import set_on_stop
from pipeline.settings import Settings
from workers.notifications.queues import Queue
from workers.pools import PROCESS_READY, slots

if TYPE_CHECKING:
    from deploy.supervisor.pool_metrics import PoolMetrics

log = logging.getLogger("deploy.supervisor.pool")

POOL_READY = "every process of this pool is ready"
POOL_FAILING = "a process of this pool never gets ready"  # how the line begins that says why
MARGIN = 12.0  # seconds on top of the workers' grace, in which they give back what they run, and end


class Readiness:
    """Passes on what a pool's processes say, and logs once that each of them has said that it is ready, or that one has
    died too often before. They are started again all the same: an outage may be over at some time.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.last_line = ""  # that any of them has said
        self._starting = set(names)
        self._failing = False
        self._lock = threading.Lock()

    def report(self, name: str, line: str) -> None:
        with self._lock:
            print(line, flush=True)
            self.last_line = line
            if name in self._starting and is_event(line, PROCESS_READY):
                self._starting.remove(name)
                if not self._starting:
                    log.info(POOL_READY)

    def note_deaths(self, name: str, deaths: int, last_line: str) -> None:
        with self._lock:
            if name in self._starting and deaths > DEATHS_AT_START and not self._failing:
                self._failing = True
                said = last_line or "nothing"
                log.error("%s: %s died %d times; it last said: %s", POOL_FAILING, name, deaths, said)


def run_pool(settings: Settings, queue: Queue, *, module: str = "workers.pools.process") -> None:
    """Runs until SIGTERM or SIGINT. Exits with EX_CONFIG as soon as a process can't run with these settings.

    `module`: what the processes run, with the name of the queue that each works for as its argument.
    """
    configure(queue.value, settings)
    asked = threading.Event()
    set_on_stop(asked)
    names = {f"{own.value}-{number}": own for number, own in enumerate(slots.processes(settings, queue))}
    readiness = Readiness(names)
    with ExitStack() as stack:
        metrics = _measured(stack, settings, queue, names)
        environment = child_environment(settings)
        runners = [
            _runner(name, [module, own.value], environment, readiness, metrics) for name, own in names.items()
        ]
        for runner in runners:
            runner.start()
        while not asked.wait(0.2) and not any(runner.gave_up for runner in runners):
            for runner in runners:
                readiness.note_deaths(runner.name, runner.deaths, runner.last_line)
        stop_all(runners, settings.worker_grace + MARGIN)
    for runner in runners:
        if runner.gave_up:
            if (
                readiness.last_line != runner.last_line
            ):  # others have spoken since: why it can't run comes last
                print(runner.last_line, flush=True)
            sys.exit(EX_CONFIG)


def _measured(
    stack: ExitStack, settings: Settings, queue: Queue, names: Collection[str]
) -> "PoolMetrics | None":
    """What is counted of the pool, served until the stack unwinds; None: the settings name no port for it."""
    if settings.metrics_port is None:
        return None
    from deploy.supervisor.pool_metrics import PoolMetrics  # noqa: PLC0415 - a fifth of this process's start
    from pipeline.metrics.server import CannotListen, serving  # noqa: PLC0415

    metrics = stack.enter_context(PoolMetrics(queue.value, names))
    host, port = settings.metrics_host, settings.metrics_port
    try:
        stack.enter_context(serving(host, port, metrics.registry, metrics.alive, metrics.ready))
    except CannotListen as error:
        log.critical("%s", error)
        sys.exit(EX_CONFIG)
    return metrics


def _runner(
    name: str,
    command: list[str],
    environment: Mapping[str, str],
    readiness: Readiness,
    metrics: "PoolMetrics | None",
) -> Runner:
    """`command`: a module and its arguments."""
    if metrics is not None:
        command = ["pipeline.metrics.counted", str(metrics.folder), name, *command]

    def start() -> subprocess.Popen[bytes]:
        if metrics is not None:
            metrics.note_start(name)
        # SIGKILL, if this process dies: its successor starts others at once, and memory may not hold both.
        return spawn([sys.executable, "-m", *command], environment, stop_signal=signal.SIGKILL)

    def report(line: str) -> None:
        readiness.report(name, line)
        if metrics is not None and is_event(line, PROCESS_READY):
            metrics.note_ready(name)

    return Runner(name, start, report)
