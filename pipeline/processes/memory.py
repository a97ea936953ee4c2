"""How much memory a process has held, and how much more it may take."""

import resource
import sys
from pathlib import Path

_PAGES = Path("/proc/self/statm")


def most_resident(pid: int | None = None) -> int | None:
    """The most bytes of memory that a process, or this one, has held so far; None: it has ended, or no `/proc` tells.

    Not `getrusage`: what that counts, a program inherits from the process that started it.
    """
    status = Path(f"/proc/{'self' if pid is None else pid}/status")
    try:
        lines = status.read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024  # "123 kB"
    return None


def limit_memory(headroom_bytes: int) -> None:
    """Let the address space grow by `headroom_bytes` from here; then allocations fail. Linux only."""
    if sys.platform != "linux":
        return
    used = int(_PAGES.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + headroom_bytes, used + headroom_bytes))
