"""`smelt up` as its users start it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.speech_model import WORD_MODEL
from tests.support.waiting import wait_until

SMELT = [sys.executable, "-c", "from deploy.cli.main import main; main()"]


class Up:
    """`smelt up` as a process, and what it printed."""

    def __init__(self, folder: Path, program: Sequence[str] = SMELT, **options: Any) -> None:
        """`folder`: the data folder. `options`: of the Popen."""
        environment = dict(os.environ) | {
            "SMELT_DATA_DIR": str(folder),
            "SMELT_PORT": "0",
            "SMELT_WHISPER_MODEL": WORD_MODEL,
        }
        self.output = (folder.parent / "output").open("w+")
        self.process = subprocess.Popen(
            [*program, "up"], env=environment, stdout=self.output, stderr=self.output, **options
        )

    @property
    def text(self) -> str:
        return Path(self.output.name).read_text()

    def wait_until_ready(self) -> tuple[str, str]:
        """Its address and the token that it printed."""
        wait_until(
            lambda: self.process.poll() is not None or re.search(r"good for 12.*\n.*\n", self.text), 100
        )
        address = re.search(r"ready at (\S+)", self.text)
        token = re.search(r"good for 12.*\n.*\| (\S+)\n", self.text)
        assert address, self.text
        assert token, self.text
        return address[1], token[1]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()
