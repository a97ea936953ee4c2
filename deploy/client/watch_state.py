"""What a watched folder's files have come to, kept in the folder itself, so that a restart goes on where it was.

Whole or not at all: a file is noted with its idempotency key before it is posted, so that whatever happens between the
post and the next note, the same post gives the same smelt.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from smelt_client import Misused

STATE_FILE = ".smelt-watch.json"
_NO_TEXT = re.compile("[%\udc80-\udcff]")


def _written(name: str) -> str:
    """Bytes that are no text as in a URL: JSON has none, and whatever stands for them must be read back."""
    return _NO_TEXT.sub(lambda found: quote(os.fsencode(found[0])), name)


def _read(written: object) -> str:
    """Raises ValueError, as validators do."""
    if not isinstance(written, str):
        raise ValueError("a name is a string")  # noqa: TRY004 - what pydantic takes for a fault of the input
    return os.fsdecode(unquote_to_bytes(written))


FileName = Annotated[str, PlainValidator(_read), PlainSerializer(_written)]


class Stamp(BaseModel):
    """By which a file is told from what it was before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        return cls(size=status.st_size, mtime_ns=status.st_mtime_ns)


class Watched(BaseModel):
    """`result`: the name of the file that its results go into, beside it. `error`: why there are none."""

    model_config = ConfigDict(extra="forbid")

    stamp: Stamp
    key: str = Field(default_factory=lambda: str(uuid4()))
    smelt_id: UUID | None = None
    result: FileName | None = None
    done: bool = False
    error: str | None = None


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: dict[FileName, Watched] = Field(default_factory=dict)
    results: set[FileName] = Field(default_factory=set)


class WatchState:
    """By path below the folder: `files` that are inputs, `results` that were ever written, which are none.

    To be saved after each change that mustn't be forgotten.
    """

    def __init__(self, folder: Path) -> None:
        """Raises Misused for a state that can't be read, OSError."""
        self._file = folder / STATE_FILE
        self._stored = _Stored()
        if self._file.exists():
            try:
                self._stored = _Stored.model_validate_json(self._file.read_bytes())
            except ValidationError:
                raise Misused(f"{self._file} can't be read; without it all files there are new") from None

    @property
    def files(self) -> dict[str, Watched]:
        return self._stored.files

    @property
    def results(self) -> set[str]:
        return self._stored.results

    def save(self) -> None:
        """Raises OSError with the file's name, which that of a full disk doesn't have."""
        new = self._file.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(self._stored.model_dump_json(indent=1).encode())
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._file)) from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Raises Misused while another process watches the folder, OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Misused(f"another `smelt watch` is at work on {folder}") from None
    finally:
        os.close(descriptor)
