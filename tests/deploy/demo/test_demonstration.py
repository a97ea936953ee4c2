"""The demo shows what it promises, and leaves nothing behind."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.demo.demonstration import demo
from deploy.demo.record import MEETING
from tests.recordings import word_error_rate

pytestmark = pytest.mark.long

README = Path(__file__).parents[3] / "README.md"
TIME, APART = r"\[\d:\d\d:\d\d\]", 5  # seconds between two CPUs' times of one segment
USERS_OWN = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
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
    assert word_error_rate(" ".join(sentence for _, sentence in MEETING), " ".join(heard[1].split())) <= 0.02
    printed = " ".join(answer.stdout.split())
    assert [shown for shown in shown_in_the_readme() if not is_in(printed, shown)] == []
    assert list(temporary.iterdir()) == []
    assert list(home.iterdir()) == []


def shown_in_the_readme() -> list[str]:
    """What it says of the demo's output, line by line."""
    (block,) = re.findall(r"^    What was heard.*\n(?:(?:    .*)?\n)+", README.read_text(), re.MULTILINE)
    lines = [line.strip() for line in block.splitlines()]
    assert len(lines) > 5
    return [line for line in lines if line != "…"]


def is_in(printed: str, shown: str) -> bool:
    """But for times, and where paragraphs end: both depend on the instructions of the CPU that computes the model."""
    places = re.finditer(TIME.join(map(re.escape, re.split(TIME, shown))), printed)
    return any(
        all(abs(seconds(a) - seconds(b)) <= APART for a, b in zip(*times, strict=True))
        for times in ((re.findall(TIME, shown), re.findall(TIME, place[0])) for place in places)
    )


def seconds(time: str) -> int:
    hours, minutes, rest = map(int, time.strip("[]").split(":"))
    return 3600 * hours + 60 * minutes + rest


def refusal(capsys: pytest.CaptureFixture[str], *files: Path) -> str:
    """The one line that it ends with before anything is started."""
    assert demo(files) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_a_file_that_cannot_be_read_is_told_before_anything_starts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note, pipe = folder / "note.md", folder / "pipe"
    note.write_text("Ann ships on Friday.")
    os.mkfifo(pipe)
    assert f"{folder}/talk.m4a can't be read: No such file" in refusal(capsys, note, folder / "talk.m4a")
    assert f"{folder} can't be read: Is a directory" in refusal(capsys, folder)
    assert f"{pipe} is no regular file" in refusal(capsys, pipe)


def test_without_its_speech_model_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert "pip install 'smelt[demo]'" in refusal(capsys)
