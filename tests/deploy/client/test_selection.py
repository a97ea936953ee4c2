"""Which files are meant, and what is skipped of what nobody named."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from deploy.client.selection import Selection, select
from smelt_client import Misused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files: dict[str, bytes] = {
        "b.md": b"text",
        "a/talk.m4a": b"\0\0\0\x20ftypM4A ",
        "a/unknown": b"\x01\x02\x03",
        "picture.png": b"\x89PNG\r\n\x1a\n....",
        "empty.txt": b"",
        ".hidden": b"text",
        ".git/config": b"text",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "circle").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def chosen(folder: Path, *names: str) -> Selection:
    return select([str(folder / name) for name in names], lambda: "typed")


def named(folder: Path, selection: Selection) -> list[str]:
    return [str(item.relative_to(folder)) for item in selection.inputs if isinstance(item, Path)]


def test_a_folder_gives_all_below_it_and_a_list_of_what_is_skipped(folder: Path) -> None:
    selection = chosen(folder, "")
    assert named(folder, selection) == ["b.md", "a/talk.m4a", "a/unknown"]
    assert selection.found == set(selection.inputs)
    assert {str(each.path.relative_to(folder)): each.reason for each in selection.skipped} == {
        ".git": "hidden",
        ".hidden": "hidden",
        "circle": "a link to a folder",
        "empty.txt": "empty",
        "picture.png": "an image",
        "pipe": "no file",
    }


def test_what_is_named_is_taken_as_it_is(folder: Path) -> None:
    selection = chosen(folder, "picture.png", ".hidden", "empty.txt")
    assert named(folder, selection) == ["picture.png", ".hidden", "empty.txt"]
    assert (selection.found, selection.skipped) == (set(), [])


def test_a_pattern_that_the_shell_left_is_looked_up(folder: Path) -> None:
    assert named(folder, chosen(folder, "*/*.m4a")) == ["a/talk.m4a"]
    assert named(folder, chosen(folder, "a/**")) == ["a/talk.m4a", "a/unknown"]
    assert named(folder, chosen(folder, "**/*.m4a")) == ["a/talk.m4a"]  # also where a link leads in a circle
    assert named(folder, chosen(folder, "**/a")) == ["a/talk.m4a", "a/unknown"]
    assert named(folder, chosen(folder, "[a]/**/**/t*")) == ["a/talk.m4a"]
    selection = chosen(folder, "*.png", "b.md")
    assert named(folder, selection) == ["b.md"]
    assert [each.reason for each in selection.skipped] == ["an image"]


def test_a_name_with_a_patterns_letters_is_a_name_if_it_is_there(folder: Path) -> None:
    (folder / "talk[1].md").write_text("x")
    assert named(folder, chosen(folder, "talk[1].md")) == ["talk[1].md"]


def test_stdin_is_a_text_among_the_others(folder: Path) -> None:
    assert select(["-", str(folder / "b.md")], lambda: "typed").inputs == ["typed", folder / "b.md"]


@pytest.mark.parametrize(
    ("name", "said"), [("none.md", "no such file"), ("*.wav", "no file is meant by it"), ("e", "empty")]
)
def test_nothing_to_send_is_wrongly_called(folder: Path, name: str, said: str) -> None:
    (folder / "e").mkdir()
    with pytest.raises(Misused, match=said):
        chosen(folder, name)


def test_what_may_not_be_read_is_skipped_with_the_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, *_: object) -> BinaryIO:
        raise PermissionError(13, "Permission denied", str(path))

    (folder / "circle").unlink()  # three are named
    monkeypatch.setattr(Path, "open", closed)  # root, which may run this, may read everything
    with pytest.raises(Misused, match=r"b.md is skipped \(can't be read: Permission denied\)"):
        chosen(folder, "")
