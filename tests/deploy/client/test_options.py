"""However a command ends, it is told in one line."""

import io
import resource
import sys

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.client.options import connected, say_unexpected


def broken() -> None:
    raise KeyError("two\nlines")


def test_a_mistake_of_the_programs_own_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError) as raised:
        broken()
    say_unexpected(raised.type, raised.value, raised.tb)
    said = capsys.readouterr().err
    assert said.startswith("smelt: a mistake of the program's own: KeyError: 'two\\nlines' at ")
    assert "deploy/client/test_options.py:" in said
    assert said.count("\n") == 1


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)


@pytest.mark.parametrize(
    ("command", "whole"), [("prompts", False), ("demo --help", False), ("reconciler", True)]
)
def test_every_command_ends_so_but_those_that_have_a_log(command: str, whole: bool) -> None:
    CliRunner().invoke(app, command.split(), env={"SMELT_SERVER": "nowhere"})
    assert sys.excepthook is (sys.__excepthook__ if whole else say_unexpected)


def test_a_thousand_files_may_be_open_whatever_the_shell_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        with connected("http://127.0.0.1:1", None):
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 1_000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_stdout_nothing_is_printed_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with connected("http://127.0.0.1:1", None):
        print("nobody reads this")
        assert sys.stdout.writable()
        sys.stdout.close()
        sys.stdout = io.StringIO()
