"""The service's own processes, found below this one: what a fault may hit."""

import os
from contextlib import suppress

import psutil


def below_us() -> list[psutil.Process]:
    return psutil.Process(os.getpid()).children(recursive=True)


def masters(queue: str | None = None) -> list[psutil.Process]:
    """Dramatiq's master processes: of one queue, or of all."""
    return [process for process, parent in _pools(queue) if not _is_pool(parent, queue)]


def children(queue: str | None = None) -> list[psutil.Process]:
    """The worker processes that the masters forked."""
    return [process for process, parent in _pools(queue) if _is_pool(parent, queue)]


def named(word: str) -> list[psutil.Process]:
    """Processes with this word in their command: an engine's name, `api`, `reconciler`."""
    return [process for process in below_us() if word in " ".join(_command(process))]


def _pools(queue: str | None) -> list[tuple[psutil.Process, psutil.Process | None]]:
    found = []
    for process in below_us():
        if _is_pool(process, queue):
            with suppress(psutil.NoSuchProcess):
                found.append((process, process.parent()))
    return found


def _is_pool(process: psutil.Process | None, queue: str | None) -> bool:
    command = _command(process) if process else []
    return "dramatiq" in command and (queue is None or queue in command)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
