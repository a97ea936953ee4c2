"""A scenario's own processes: what a fault may hit. Those of another service of this run are never touched."""

import os
from collections.abc import Iterable
from contextlib import suppress

import psutil

AHEAD_MODULE = "tests.faults.chaos.ahead_process"
WORKER_MODULES = {
    *(
        "workers.pools.process",
        "tests.faults.chaos.scripted_process",
        "tests.faults.chaos.triple_notify_process",
        AHEAD_MODULE,
    ),
}
SPEECH_MODULES = {"pipeline.speech.child", "tests.faults.chaos.scripted_child"}


def our_children() -> set[psutil.Process]:
    """The processes that this one started itself, whatever for."""
    return set(psutil.Process(os.getpid()).children())


def started_since(before: set[psutil.Process]) -> list[psutil.Process]:
    """What this process has started since, and all below it."""
    found = []
    for child in our_children() - before:
        with suppress(psutil.NoSuchProcess):
            found += [child, *child.children(recursive=True)]
    return found


def masters(own: Iterable[psutil.Process], queue: str | None = None) -> list[psutil.Process]:
    """The processes that keep pools alive: of one queue, or of all."""
    return [p for p in own if "worker" in (words := command(p)) and (queue is None or queue in words)]


def workers(own: Iterable[psutil.Process], queue: str | None = None) -> list[psutil.Process]:
    """The processes that work."""
    return [p for p in own if WORKER_MODULES & {*(words := command(p))} and (queue is None or queue in words)]


def speech_children(own: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes that hold the speech model."""
    return [process for process in own if SPEECH_MODULES & {*command(process)}]


def decoders(own: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes that have libraries loaded which decode recordings."""
    return [process for process in own if any("libavcodec" in path for path in _mapped(process))]


def named(own: Iterable[psutil.Process], word: str) -> list[psutil.Process]:
    """Processes with this word in their command, such as an engine's name."""
    return [process for process in own if word in " ".join(command(process))]


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Without those that are dead and only not yet waited for."""
    return [process for process in processes if _lives(process)]


def command(process: psutil.Process) -> list[str]:
    """Its words; none of one that is gone."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def _mapped(process: psutil.Process) -> list[str]:
    """The files that lie in its memory; none of one that is gone."""
    try:
        return [part.path for part in process.memory_maps()]
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
