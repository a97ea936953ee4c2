"""What a process gives up before it touches hostile media."""

import ctypes
import os
import signal
import sys
from pathlib import Path

from pipeline.processes.privacy import forbid_core_dumps

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = Path("/proc/self/oom_score_adj")


def confine(parent_pid: int) -> None:
    """Leave no core dump, die with the parent, and be the first to go when memory runs out.

    On systems other than Linux only the core limit is there; the parent's end of the socket still tells of its death.
    Exits at once if the parent is gone already.
    """
    forbid_core_dumps()
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl failed")
    if os.getppid() != parent_pid:
        raise SystemExit(1)


def volunteer_for_the_oom_killer() -> None:
    """Raising one's own score needs no privilege. The file belongs to root once dumping is off: call this first."""
    if sys.platform == "linux":
        _OOM_SCORE.write_text("500")
