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
READY = r"^export SMELT_SERVER=(\S+) SMELT_TOKEN=(\S+)\n"


class Up:
    """`smelt up` as a process, and what it printed."""

    def __init__(self, folder: Path, program: Sequence[str] = SMELT, **options: Any) -> None:
        """`folder`: the data folder. `options`: of the Popen."""
        environment = dict(os.environ) | {
            "SMELT_DATA_DIR": str(folder),
            "SMELT_PORT": "0",
            "SMELT_WHISPER_MODEL": WORD_MODEL,
            "SMELT_TRANSCRIBE_SLOTS": "1",
            "HOME": str(folder.parent),  # where it notes its address and its token
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
        wait_until(lambda: self.process.poll() is not None or re.search(READY, self.text, re.MULTILINE), 100)
        ready = re.search(READY, self.text, re.MULTILINE)
        assert ready, self.text
        return ready[1], ready[2]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()
