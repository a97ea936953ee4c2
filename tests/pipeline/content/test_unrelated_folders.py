"""The hint to ext4 that smelts' folders have nothing to do with each other; other file systems have none."""

import errno
import os
import struct
from fcntl import ioctl
from pathlib import Path

import pytest

from pipeline.content import unrelated_folders
from pipeline.content.folder import Folder

GET_FLAGS, TOP = 0x80086601, 0x00020000


def flags(folder: Path) -> int | None:
    """None: it has none."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        [found] = struct.unpack("i4x", ioctl(handle, GET_FLAGS, bytes(8)))
        return int(found)
    except OSError as error:
        assert error.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)  # noqa: PT017 - other errors are none of these
        return None
    finally:
        os.close(handle)


def test_the_content_folder_has_the_hint_where_there_is_one(tmp_path: Path) -> None:
    before = flags(tmp_path)
    for _ in range(2):
        Folder(tmp_path / "content").put("smelt/object", b"sealed")
        assert flags(tmp_path / "content") in (None, (before or 0) | TOP, before)
    if (type_of(tmp_path)) == "ext4":
        assert (flags(tmp_path / "content") or 0) & TOP


def type_of(folder: Path) -> str:
    """Of the file system that it lies on, as the kernel has it mounted."""
    device = folder.stat().st_dev
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if left.split()[2] == f"{os.major(device)}:{os.minor(device)}":
            return right.split()[0]
    return ""


def test_a_folder_that_takes_no_hint_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrelated_folders, "_GET_FLAGS", 0)
    folder = Folder(tmp_path / "content")
    folder.put("smelt/object", b"sealed")
    assert folder.read("smelt/object", 0, 6) == b"sealed"
