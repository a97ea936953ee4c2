import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import jiwer
import pytest

from deploy.demo.record import MEETING

pytestmark = pytest.mark.long

USERS_OWN = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "OPENAI_API_KEY": "sk-the-users",
    "SMELT_DATA_DIR": "/nonexistent",
    "SMELT_WHISPER_MODEL": "no-such-model",
    "PGPORT": "1",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_the_demo_shows_markdown_of_the_spoken_words_and_leaves_nothing(folder: Path) -> None:
    """Whatever the user has set up; and with no terminal, as here, in plain text."""
    home, temporary = folder / "home", folder / "temporary"
    home.mkdir()
    temporary.mkdir()
    environment = dict(os.environ) | USERS_OWN | {"HOME": str(home), "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", "from deploy.cli.main import main; main()", "demo"]
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr
    heard = re.search(r"What was heard in meeting.m4a:\n\n(.*?)\n\n# ", answer.stdout, re.DOTALL)
    assert heard, answer.stdout
    spoken = re.sub(r"[^a-z ]", "", " ".join(sentence for _, sentence in MEETING).lower())
    assert jiwer.wer(spoken, " ".join(heard[1].split())) <= 0.1
    assert "# Action items" in answer.stdout
    assert "66 words" in answer.stdout
    assert list(temporary.iterdir()) == []
    assert list(home.iterdir()) == []
