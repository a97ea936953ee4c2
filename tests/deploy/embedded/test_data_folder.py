"""One service a data folder, closed to others, and nothing of anybody else's touched."""

import os
import stat
from pathlib import Path

import pytest

from deploy.embedded.data_folder import DataFolder
from deploy.problems import DataFolderError


def test_a_second_service_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")
    first.open()
    with pytest.raises(DataFolderError, match="another service is running"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_engines_that_outlive_their_service_are_waited_for_and_then_refused(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data")
    first.open()
    assert first.engines_lock is not None
    inherited = os.dup(first.engines_lock)  # what an engine holds
    first.close()
    with pytest.raises(DataFolderError, match="still alive"):
        DataFolder(tmp_path / "data").open(longest_wait=0.1)
    os.close(inherited)
    again = DataFolder(tmp_path / "data")
    again.open()
    again.close()


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    with pytest.raises(DataFolderError, match="set SMELT_DATA_DIR to a shorter one"):
        DataFolder(long).open()
    assert not long.exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataFolderError, match="holds other things"):
        DataFolder(tmp_path).open()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_others_cannot_list_the_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.open()
    folder.close()
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)
