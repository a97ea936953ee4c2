"""How `smelt` begins, and ends when nobody wants it any more."""

import os
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType

import pytest

from deploy.cli.entry import main


class Interrupted:
    """Ctrl-C while the commands are imported."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        if name == "deploy.cli.main":
            raise KeyboardInterrupt


def test_ctrl_c_before_anything_is_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "deploy.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "smelt: interrupted\n")


def test_nothing_that_takes_time_is_loaded_before() -> None:
    loaded = "import sys, deploy.cli.entry; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    ).stdout
    assert not {"typer", "pydantic", "deploy.cli.main"} & set(modules.split())


def test_a_reader_of_the_settings_that_has_had_enough_is_no_error() -> None:
    command = [sys.executable, "-c", "from deploy.cli.entry import main; main()", "settings"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(100), errors) == (141, b"")
