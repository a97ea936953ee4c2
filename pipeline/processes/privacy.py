"""No core dumps: an image of this process's memory would hold texts, the key ring and tokens in the clear.

Called first thing in every process of the service, because the kernel allows dumps again with every program that is
started; `deploy/supervisor/launch.py` does what a program that isn't ours, such as Postgres, can inherit.
"""

import ctypes
import logging
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_DUMPABLE = 4
_DUMP_FILTER = Path("/proc/self/coredump_filter")


def forbid_core_dumps(log: logging.Logger | None = None) -> None:
    """Limits core files to 0 bytes, soft and hard, and makes the process not dumpable, nor traceable by its own user.

    The limit alone doesn't hold where `core_pattern` names a program, so on Linux both are set; whatever this process
    starts inherits the limit and an empty filter of what a dump may contain. What the platform can't do is one line in
    `log`. Calling it again does no harm.
    """
    lacking = [lack for lack in (_limit_cores(), _refuse_dumps()) if lack is not None]
    if lacking and log is not None:
        log.warning(
            "this platform can't keep the memory of a crashed process private: %s", "; ".join(lacking)
        )


def _limit_cores() -> str | None:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        return f"core files can't be limited ({type(error).__name__})"
    return None


def _refuse_dumps() -> str | None:
    if sys.platform != "linux":
        return "a process can't refuse to be dumped here; core files are limited to 0 bytes"
    with suppress(
        OSError
    ):  # no /proc, or not ours any more after an earlier call: the next lines are what counts
        _DUMP_FILTER.write_text("0")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        return f"prctl(PR_SET_DUMPABLE): {os.strerror(ctypes.get_errno())}"
    return None
