"""The list of what was sent, and taking it back."""

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


def test_a_wrong_token_is_told_with_the_address(invoke: Invoke) -> None:
    answer = invoke("list", "--token", "smelt_wrong")
    assert answer.exit_code == 3
    assert "http://127.0.0.1:" in answer.stderr
    assert "doesn't take this token" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
