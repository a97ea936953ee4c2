"""What goes into a post: texts as they are, and files, opened.

A part's size is told before it is sent, and a lost post is sent again from its start. Regular files can do both; what
comes through a pipe or from a device is read to its end first, into a file of ours.
"""

import os
import shutil
import stat
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from deploy.client.failures import Misused
from deploy.client.shown import as_text

Input = Path | str  # a file, or a text
Part = tuple[str, tuple[str, bytes | BinaryIO]]  # its field, its name and what it holds


def part(item: Input, opened: ExitStack) -> Part:
    """`opened` closes its file. Raises Misused for one that can't be read."""
    if isinstance(item, str):
        return "texts", ("text.md", item.encode())
    try:
        file: BinaryIO = opened.enter_context(item.open("rb"))
        return "files", (as_text(item.name), file if _has_size(file) else _spooled(file, opened))
    except OSError as error:
        raise Misused(f"{item} can't be read: {error.strerror}") from None


def _has_size(file: BinaryIO) -> bool:
    """Whether it says how much will be read from it. The files of `/proc` say 0, whatever they hold."""
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _spooled(file: BinaryIO, opened: ExitStack) -> BinaryIO:
    spool: BinaryIO = opened.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the others
    shutil.copyfileobj(file, spool)
    spool.seek(0)  # which writes what is left, too: its size is looked at next
    return spool
