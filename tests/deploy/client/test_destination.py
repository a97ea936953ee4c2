"""Where results go is looked at before anything is sent, and nothing is overwritten unasked."""

import os
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from deploy.client.destination import Destination, Kind
from smelt_client import Misused, Unreachable
from tests.support.full_disk import at_most


def archive(*names: str) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        for name in names:
            opened.writestr(name, f"of {name}")
    return written.getvalue()


@pytest.mark.parametrize(
    ("output", "kind"),
    [(None, Kind.STDOUT), ("-", Kind.STDOUT), ("a.md", Kind.FILE), (".", Kind.FOLDER), ("new/", Kind.FOLDER)],
)
def test_an_output_is_stdout_a_file_or_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str | None, kind: Kind
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Destination.of(output).kind is kind
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_overwritten_unasked(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    destination = Destination.of(str(file))
    file.write_text("mine")
    for refused in (lambda: Destination.of(str(file)), lambda: destination.write(b"new")):
        with pytest.raises(Misused, match=r"exists already.*--force"):
            refused()
    assert file.read_text() == "mine"
    Destination.of(str(file), force=True).write(b"new")
    assert file.read_text() == "new"


def test_a_link_to_nowhere_is_something_too(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(tmp_path / "none")
    with pytest.raises(Misused, match="exists already"):
        Destination.of(str(tmp_path / "a.md"))


def test_a_folder_takes_all_or_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    destination = Destination.of(f"{folder}/")
    names = ["summarize.md", "001 a.m4a/summarize.md"]
    assert destination.write_archive(archive(*names)) == [folder / name for name in names]
    assert (folder / names[1]).read_text() == f"of {names[1]}"
    (folder / names[0]).write_text("mine")
    with pytest.raises(Misused, match=r"summarize.md .and 1 more. exists already"):
        destination.write_archive(archive("new.md", *names))
    assert not (folder / "new.md").exists()
    assert destination.write_archive(archive("summarize.md"), "smelt-2") == [
        folder / "smelt-2" / "summarize.md"
    ]


@pytest.mark.parametrize("name", ["../a.md", "/a.md", "a/../../b.md", "c:a.md", "..\\a.md"])
def test_an_archive_reaches_nothing_outside_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    with pytest.raises(Unreachable, match="outside"):
        Destination.of(f"{folder}/").write_archive(archive("good.md", name))
    assert not folder.exists()


def test_what_is_no_archive_is_told_and_nothing_written(tmp_path: Path) -> None:
    cut = archive("summarize.md")[:-9]
    with pytest.raises(Unreachable, match="no whole archive"):
        Destination.of(f"{tmp_path}/out/").write_archive(cut)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "prompts", "said"),
    [
        ("a.srt", True, "what prompts give can be had as .md"),
        ("a.pdf", None, "not as .pdf"),
        ("a.txt", True, "not as .txt"),
        ("a.docx", False, "transcripts can be had as .txt"),
    ],
)
def test_a_format_that_results_do_not_come_in_is_told_before(
    tmp_path: Path,
    name: str,
    prompts: bool | None,
    said: str,
) -> None:
    destination = Destination.of(str(tmp_path / name))
    with pytest.raises(Misused, match=said):
        destination.check_format(prompts=prompts)


@pytest.mark.parametrize(
    ("name", "prompts"), [("a.srt", None), ("a.SRT", False), ("a.zip", True), ("a", True)]
)
def test_formats_that_they_come_in(tmp_path: Path, name: str, prompts: bool | None) -> None:
    Destination.of(str(tmp_path / name)).check_format(prompts=prompts)


def test_several_smelts_go_into_a_folder(tmp_path: Path) -> None:
    Destination.of(f"{tmp_path}").check_several(2, 9)
    with pytest.raises(Misused, match="2 smelts go into a folder"):
        Destination.of(str(tmp_path / "a.md")).check_several(2)
    with pytest.raises(Misused, match="subtitles"):
        Destination.of(str(tmp_path / "a.vtt")).check_several(1, 2)


def test_a_place_that_is_none_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for output in (tmp_path / "none" / "a.md", tmp_path / "file" / "a.md"):
        with pytest.raises(Misused, match="there is no folder"):
            Destination.of(str(output))
    with pytest.raises(Misused, match="no folder"):
        Destination.of(f"{tmp_path / 'file'}/")


def test_a_place_that_may_not_be_written_to_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root, which may run this, may write everywhere
    for output in ("a.md", "new/", ""):
        with pytest.raises(Misused, match="no file may be made"):
            Destination.of(f"{tmp_path}/{output}")


def test_what_can_not_be_written_whole_is_told_with_its_name_and_not_left_there(tmp_path: Path) -> None:
    """As on a full disk."""
    destination = Destination.of(str(tmp_path / "a.md"))
    with at_most(10_000), pytest.raises(OSError, match=r"a\.md"):
        destination.write(b"x" * 20_000)
    assert list(tmp_path.iterdir()) == []
    destination.write(b"whole")
