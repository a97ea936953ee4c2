"""The data folder: who may use it, and how long a path may be.

<data>/                 0700 (0711 for root, whose Postgres runs as another user)
    service.lock        held by the one service that runs on this folder
    engines.lock        held by the engines themselves: free only when none of them is alive
    secrets.env         0600, secrets made here
    postgres/  valkey/  content/
"""

import fcntl
import os
import time
from pathlib import Path

from deploy.problems import DataFolderError

LONGEST_SOCKET_PATH = 103  # bytes; sockaddr_un has 108 on Linux and 104 on macOS, with the final zero
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432"


class DataFolder:
    """Holds the folder's locks from `open` to `close`. Raises DataFolderError, OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._service_lock: int | None = None
        self.engines_lock: int | None = None

    def open(self, longest_wait: float = 30.0) -> None:
        """Takes both locks. Engines of a service that was killed may need up to `longest_wait` seconds to end."""
        self._check_length()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_ours()
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._service_lock = _lock(self.path / "service.lock", longest_wait=0)
        if self._service_lock is None:
            raise DataFolderError(f"another service is running on the data folder {self.path}")
        self.engines_lock = _lock(self.path / "engines.lock", longest_wait)
        if self.engines_lock is None:
            self.close()
            raise DataFolderError(
                f"engines of an earlier run are still alive on the data folder {self.path}; end them first"
            )

    def close(self) -> None:
        for lock in (self.engines_lock, self._service_lock):
            if lock is not None:
                os.close(lock)
        self.engines_lock = self._service_lock = None

    def _check_length(self) -> None:
        excess = len(os.fsencode(self.path / LONGEST_SOCKET_NAME)) - LONGEST_SOCKET_PATH
        if excess > 0:
            raise DataFolderError(
                f"the path of the data folder {self.path} is {excess} bytes too long for a Unix socket; "
                "set SMELT_DATA_DIR to a shorter one"
            )

    def _check_ours(self) -> None:
        if self.path.stat().st_uid != os.geteuid():
            raise DataFolderError(f"the data folder {self.path} belongs to another user")
        names = {entry.name for entry in self.path.iterdir()} - {"lost+found"}
        if names and "service.lock" not in names:
            # Its permissions are about to change: never do that to somebody's home folder.
            raise DataFolderError(
                f"{self.path} holds other things; set SMELT_DATA_DIR to a folder of its own"
            )


def _lock(path: Path, longest_wait: float) -> int | None:
    """An open, locked descriptor, or None when it stayed locked by others for `longest_wait` seconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + longest_wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.05)
        else:
            return descriptor
