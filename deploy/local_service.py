"""Where the service is that `smelt up` runs here, so that this user's client finds it without being told.

`smelt up` writes address and token into a file that its user alone may read, and holds a lock on it while it runs:
what nobody holds any more is left from a service that was killed, and counts for nothing. Nor does that of another
machine with the same home: its address means something else here.
"""

import fcntl
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from platform import node
from types import TracebackType
from typing import Self

FILE = Path("~/.config/smelt/local.toml")


@dataclass(frozen=True, slots=True)
class LocalService:
    """`token` None: users sign in elsewhere."""

    server: str
    token: str | None


class Announcement:
    """The file, held from `write` to the block's end, which removes it, unless another service's took its place."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._held: int | None = None

    def write(self, service: LocalService) -> None:
        """Whole or not at all; again with another token. Raises OSError, RuntimeError for a user without a home."""
        file = self._file.expanduser()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, _text(service).encode())
            new.replace(file)
        except BaseException:
            os.close(descriptor)
            raise
        self._let_go()
        self._held = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held is None:
            return
        file = self._file.expanduser()
        if file.exists() and os.path.samestat(file.stat(), os.fstat(self._held)):
            file.unlink()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
        self._held = None


def find_local_service(file: Path = FILE) -> LocalService | None:
    """None: none runs here, as this user. Raises OSError, RuntimeError for a user without a home."""
    file = file.expanduser()
    if not file.exists():
        return None
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            values = tomllib.load(opened)
            return (
                LocalService(values["server"], values.get("token")) if values["machine"] == node() else None
            )
    return None


def _text(service: LocalService) -> str:
    token = "" if service.token is None else f'token = "{service.token}"\n'
    return f'machine = "{node()}"\nserver = "{service.server}"\n{token}'
