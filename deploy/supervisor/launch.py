"""Starts a program that must not outlive its starter. Run by its path; imports nothing of the project.

    python -I -S launch.py '{"parent": 123, "signal": 15, "user": null, "reach": false}' program argument…

On Linux it becomes the program: the kernel then sends `signal` when the thread that started it is gone
(prctl(2), PR_SET_PDEATHSIG). Elsewhere it stays as the program's parent, looks every half second whether its
own parent is still `parent`, and passes signals on.

`user`: the account to run as (Postgres refuses root). `reach`: keep the one capability that lets this account
pass through folders that are closed to it (capabilities(7)); the alternative, opening every folder above the
data folder to all, would be for good. Exit code 125: it could not start the program; the reason is on stderr.

The program leaves no core file: what is limited here is inherited. A program of our own also refuses to be dumped
(`pipeline/processes/privacy.py`); that doesn't outlast an exec, so it can't be done here for Postgres or Valkey, but
their dump filter is empty: a dump that a `core_pattern` program is given all the same holds no memory.
"""

import ctypes
import json
import os
import pwd
import resource
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_GET_SECUREBITS, PR_SET_SECUREBITS = 27, 28
NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522
CANNOT_START = 125


def prctl(option: int, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    padded = [*arguments, 0, 0, 0, 0][:4]
    if libc.prctl(option, *(ctypes.c_ulong(argument) for argument in padded)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}): {os.strerror(ctypes.get_errno())}")


def forbid_core_dumps() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # not Linux
        Path("/proc/self/coredump_filter").write_text("0")


def become(user: str, reach: bool) -> None:
    """Drops root for `user`. With `reach`, one capability is carried across; OSError if there is none."""
    account = pwd.getpwnam(user)
    kept = reach_capability() if reach else None
    if kept is not None:
        keep_capabilities()
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if kept is not None:
        header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
        bit = 1 << kept
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.capset(header, struct.pack("6I", bit, bit, bit, 0, 0, 0)) != 0:
            raise OSError(ctypes.get_errno(), "capset failed")
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept)


def keep_capabilities() -> None:
    """Across the change of the account, and for access(2), by which initdb looks for its programs: else the kernel
    leaves capabilities out there for all but root.
    """
    prctl(PR_SET_KEEPCAPS, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(
        OSError
    ):  # a container may lack CAP_SETPCAP; then only folders that others may enter will do
        prctl(PR_SET_SECUREBITS, libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) | NO_SETUID_FIXUP)


def reach_capability() -> int:
    """The narrowest capability at hand that passes closed folders; containers often have but the wider."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    data = ctypes.create_string_buffer(24)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capget failed")
    permitted = struct.unpack("6I", data.raw)[1]
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if permitted & (1 << capability):
            return capability
    raise OSError("a folder above the data folder is closed, and this root account may not pass it on")


def stay_and_watch(parent: int, stop_signal: int, command: list[str]) -> int:
    """For systems whose kernel can't signal on a parent's death: returns the program's exit code."""
    child = subprocess.Popen(command)

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, forward)
    told = False
    while child.poll() is None:
        if os.getppid() != parent and not told:
            child.send_signal(stop_signal)
            told = True
        time.sleep(0.5)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def main() -> int:
    options = json.loads(sys.argv[1])
    command = sys.argv[2:]
    parent, stop_signal = int(options["parent"]), int(options["signal"])
    try:
        forbid_core_dumps()
        if options["user"] is not None:
            become(options["user"], options["reach"])
        if not sys.platform.startswith("linux") or options.get("watch"):
            return stay_and_watch(parent, stop_signal, command)
        prctl(PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != parent:  # it died before the line above
            return CANNOT_START
        os.execvp(command[0], command)  # noqa: S606
    except (OSError, KeyError) as problem:
        print(f"{command[0]} could not be started: {problem}", file=sys.stderr)
        return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
