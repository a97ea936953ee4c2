"""However a command ends, it is told in one line."""

import sys

import pytest

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


def test_every_command_of_the_client_ends_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    with connected("http://127.0.0.1:1", None):
        assert sys.excepthook is say_unexpected
