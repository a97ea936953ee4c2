"""What is posted: files as they lie there, and what is no file on a disk read to its end first."""

import os
import socket
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from smelt_client import Misused, Smelt, submission
from smelt_client.submission import Submission


def opened_part(path: Path, opened: ExitStack) -> tuple[str, BinaryIO]:
    [(field, (name, file))] = Submission([path], {}).opened(opened)
    assert field == "files"
    assert not isinstance(file, bytes)
    return name, file


def test_a_file_is_sent_from_where_it_lies(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("Ann ships.")
    with ExitStack() as opened:
        name, file = opened_part(note, opened)
        assert (name, file.name, file.read()) == ("note.md", str(note), b"Ann ships.")
    assert file.closed


def test_a_pipe_is_read_to_its_end_so_that_its_size_is_known_and_it_can_be_sent_again() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"Ann ships.")
    os.close(writing)
    with ExitStack() as opened:
        _, file = opened_part(Path(f"/dev/fd/{reading}"), opened)
        assert os.fstat(file.fileno()).st_size == 10
        for _ in range(2):
            assert file.read() == b"Ann ships."
            file.seek(0)
    os.close(reading)
    assert file.closed


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="there is no /proc")
def test_a_file_that_says_to_be_empty_and_is_not_is_read_too() -> None:
    with ExitStack() as opened:
        _, file = opened_part(Path("/proc/version"), opened)
        assert file.read() == Path("/proc/version").read_bytes()
        assert os.fstat(file.fileno()).st_size > 0


@pytest.mark.parametrize(("translate", "task"), [(True, "translate"), (False, None)])
def test_what_is_to_be_translated_is_a_task(*, translate: bool, task: str | None) -> None:
    assert Submission(["Ann ships."], {"translate": translate}).fields.get("task") == task


def test_a_name_in_bytes_that_are_no_text_can_be_sent(tmp_path: Path) -> None:
    note = tmp_path / os.fsdecode(b"caf\xe9.md")
    note.write_text("Ann ships.")
    with ExitStack() as opened:
        assert opened_part(note, opened)[0] == "caf\N{REPLACEMENT CHARACTER}.md"


class Growing(BytesIO):
    """A file to which somebody writes while it is sent."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(size) or b"more"


def test_a_file_that_grows_while_it_is_sent_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(submission, "_part", lambda *_: ("files", ("a.wav", Growing(b"RIFF"))))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Smelt(address) as client, pytest.raises(Misused, match="while it was sent"):
            client.submit([Path("a.wav")])
