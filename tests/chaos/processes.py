"""A scenario's own processes: what a fault may hit. Those of another service of this run are never touched."""

import os
from contextlib import suppress

import psutil


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


def masters(own: list[psutil.Process], queue: str | None = None) -> list[psutil.Process]:
    """Dramatiq's master processes: of one queue, or of all."""
    return [process for process, parent in _pools(own, queue) if not _is_pool(parent, queue)]


def children(own: list[psutil.Process], queue: str | None = None) -> list[psutil.Process]:
    """The worker processes that the masters forked."""
    return [process for process, parent in _pools(own, queue) if _is_pool(parent, queue)]


def named(own: list[psutil.Process], word: str) -> list[psutil.Process]:
    """Processes with this word in their command, such as an engine's name."""
    return [process for process in own if word in " ".join(_command(process))]


def _pools(
    own: list[psutil.Process], queue: str | None
) -> list[tuple[psutil.Process, psutil.Process | None]]:
    found = []
    for process in own:
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
