"""The list of what was sent, and taking it back."""

import json
import wave
from pathlib import Path

import pytest

from tests.deploy.client.conftest import Invoke


@pytest.fixture
def smelt_id(invoke: Invoke, note: Path) -> str:
    return invoke("submit", note).stdout.strip()


def test_a_list_is_narrowed_by_times_as_people_give_them(invoke: Invoke, smelt_id: str) -> None:
    for after, expected in (("yesterday", [smelt_id]), ("1h", [smelt_id]), ("0m", [])):
        listed = invoke("list", "--after", after)
        assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == expected
    assert invoke("list", "--before", "yesterday").stdout == ""
    wrong = invoke("list", "--after", "soon")
    assert (wrong.exit_code, "`yesterday`" in wrong.stderr) == (2, True)


def test_nothing_is_deleted_that_nobody_has_confirmed(invoke: Invoke, smelt_id: str) -> None:
    refused = invoke("delete", smelt_id, stdin="y\n")
    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert invoke("show", smelt_id).exit_code == 0
    assert invoke("delete", smelt_id, "--yes").exit_code == 0
    gone = invoke("get", smelt_id)
    assert (gone.exit_code, "`smelt list` has yours" in gone.stderr) == (3, True)


def test_one_part_is_meant_by_its_name(invoke: Invoke, note: Path) -> None:
    smelt_id = invoke("submit", note, "--prompt", "summarize").stdout.strip()
    assert invoke("show", smelt_id, "--wait").exit_code == 0
    canceled = invoke("cancel", smelt_id, "--part", "summarize of note.md")
    assert (canceled.exit_code, canceled.stderr) == (3, "smelt: Already finished.\n")
    for part in ("note.md", "summarize of note.md"):
        retried = invoke("retry", smelt_id, "--part", part)
        assert (retried.exit_code, retried.stderr) == (3, "smelt: All of it has completed.\n")
    unknown = invoke("retry", smelt_id, "--part", "note.md", "--part", "talk.m4a")
    assert (unknown.exit_code, "no part is called talk.m4a" in unknown.stderr) == (2, True)


def test_one_part_is_run_again(invoke: Invoke, note: Path, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
        recording.writeframes(bytes(2 * 16_000 * 3))
    assert invoke("submit", silence, note, "--prompt", "summarize", "--wait").exit_code in (0, 1)
    smelt_id = json.loads(invoke("list", "--json").stdout)["id"]
    before = json.loads(invoke("show", smelt_id, "--json").stdout)
    assert [file["status"] for file in before["files"]] == ["failed", "completed"]
    again = invoke("retry", smelt_id, "--part", "silence.wav", "--wait", "--json")
    ended = json.loads(again.stdout)
    assert ended["version"] > before["version"]
    assert [file["status"] for file in ended["files"]] == ["failed", "completed"]
    assert ended["finished_at"] > before["finished_at"]
    both = ("--part", "silence.wav", "--part", "summarize of silence.wav")  # the first takes the other along
    assert invoke("retry", smelt_id, *both).exit_code == 0


def test_a_wrong_token_is_told_with_the_address(invoke: Invoke) -> None:
    answer = invoke("list", "--token", "smelt_wrong")
    assert answer.exit_code == 3
    assert "http://127.0.0.1:" in answer.stderr
    assert "doesn't take this token" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
