"""`smelt evaluate` on the word model: recordings that are heard, silent, damaged, and without a reference."""

import json
import sys
import tempfile
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.evaluate.bar import showing
from deploy.evaluate.listening import unheard_seconds
from deploy.evaluate.report import TITLES
from deploy.evaluate.scoring import Score
from deploy.evaluate.trial import Trial
from deploy.supervisor.runner import EX_CONFIG
from pipeline.speech.process import SpeechProgress
from pipeline.speech.transcript import Transcript
from tests.recordings import REFERENCE, SPEECH_SECONDS, recording
from tests.speech_model import WORD_MODEL

WORDS = len(REFERENCE.split())
VTT = f"WEBVTT\n\n00:00.000 --> 00:09.000\n{REFERENCE}\n"
HALF = REFERENCE.partition(" action")[0]
HALF_SECONDS = 4.0  # at which the second half begins
UNSCORED = f"half 1 a {HALF_SECONDS} 10 ignore_time_segment_in_scoring\n"


def evaluate(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(
        app,
        ["evaluate", str(folder), "--model", WORD_MODEL, "--compute-type", "int8", "--batch", "2", *options],
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "below").mkdir()
    for name, source, reference, words in (
        ("damaged.m4a", "truncated.m4a", "damaged.txt", REFERENCE),
        ("good.wav", "speech.wav", "good.txt", f"{REFERENCE.upper()}."),
        ("half.wav", "speech.wav", "half.stm", f"half 1 a 0 {HALF_SECONDS} {HALF}\n" + UNSCORED),
        ("other.wav", "speech.wav", "other.SRT", f"1\n00:00:00,000 --> 00:00:09,000\nzelda {REFERENCE}\n"),
        ("quiet.wav", "silence.wav", "quiet.txt", ""),
        ("unreadable.wav", "speech.wav", "unreadable.vtt", VTT.removeprefix("WEBVTT")),
        ("below/missed.wav", "silence.wav", "below/missed.vtt", VTT),
    ):
        (folder / name).write_bytes(recording(source))
        (folder / reference).write_text(words)
    (folder / "nothing.wav").touch()
    (folder / "nothing.txt").touch()
    (folder / "alone.ogg").write_bytes(recording("speech.ogg"))
    (folder / "good.rttm").write_text(
        "".join(
            f"SPEAKER good 1 {start} {seconds} <NA> <NA> {voice} <NA> <NA>\n"
            for start, seconds, voice in ((0.6, 2.5, "en-us"), (3.6, 3.2, "en-us+f2"), (7.3, 1.7, "en-us"))
        )
    )
    (folder / ".hidden.wav").write_bytes(recording("speech.wav"))
    return folder


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def result(corpus: Path, temporary: Path) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        return evaluate(corpus, "--json")


@pytest.fixture
def document(result: Result) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(result.stdout))


@pytest.fixture
def rows(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in document["recordings"]}


def test_one_document_comes_and_the_exit_code_tells_that_some_could_not_be_heard(
    result: Result, document: dict[str, Any]
) -> None:
    assert result.exit_code == 1
    assert result.stderr == ""
    assert list(document) == [
        "model",
        "device",
        "compute_type",
        "batch_size",
        "language",
        "recordings",
        "skipped",
        "total",
        "speakers",
    ]
    assert (document["model"], document["compute_type"], document["batch_size"]) == (WORD_MODEL, "int8", 2)
    assert document["skipped"] == ["alone.ogg"]
    assert document["total"]["recordings"] == 8
    assert document["total"]["failed"] == 3


def test_a_recording_has_its_errors_its_speed_and_the_memory_that_it_took(
    rows: dict[str, dict[str, Any]],
) -> None:
    good = rows["good.wav"]
    assert good["reference"] == "good.txt"
    assert good["words"] == WORDS
    assert good["word_error_rate"] == round(good["word_errors"] / WORDS, 4) <= 0.1
    assert 0 <= good["character_error_rate"] <= 0.1
    assert good["seconds"] == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert good["unheard_seconds"] == 0
    assert good["speed"] > 0.5
    assert good["language"] == "en"
    assert good["heard"].split()
    assert (good["code"], good["detail"]) == (None, None)
    if sys.platform == "linux":
        assert 30e6 < good["memory_bytes"] < 2e9


def test_a_word_that_was_not_heard_is_one_more_error(rows: dict[str, dict[str, Any]]) -> None:
    other = rows["other.wav"]
    assert (other["words"], other["word_errors"]) == (WORDS + 1, rows["good.wav"]["word_errors"] + 1)


def test_what_is_heard_where_the_reference_is_open_counts_for_nothing(
    rows: dict[str, dict[str, Any]],
) -> None:
    half = rows["half.wav"]
    assert half["words"] == len(HALF.split())
    assert half["word_errors"] <= 1


def test_silence_is_scored_too(rows: dict[str, dict[str, Any]]) -> None:
    quiet, missed = rows["quiet.wav"], rows["below/missed.wav"]
    assert (quiet["code"], quiet["words"], quiet["word_errors"]) == ("no_speech", 0, 0)
    assert quiet["word_error_rate"] is None
    assert (missed["code"], missed["word_errors"], missed["word_error_rate"]) == ("no_speech", WORDS, 1.0)
    assert missed["seconds"] > 0


def test_what_could_not_be_heard_has_a_code_and_no_score(rows: dict[str, dict[str, Any]]) -> None:
    for name, code in (
        ("damaged.m4a", "corrupted_file"),
        ("nothing.wav", "empty_input"),
        ("unreadable.wav", "reference_invalid"),
    ):
        assert rows[name]["code"] == code
        assert rows[name]["detail"]
        assert rows[name]["word_error_rate"] is None


def test_the_total_is_that_of_what_has_a_score(
    document: dict[str, Any], rows: dict[str, dict[str, Any]]
) -> None:
    total = document["total"]
    scored = [row for row in rows.values() if row["words"] is not None]
    assert len(scored) == 5
    for count in ("words", "word_errors", "characters", "character_errors"):
        assert total[count] == sum(row[count] for row in scored)
    assert total["word_error_rate"] == round(total["word_errors"] / total["words"], 4)
    assert total["seconds"] == pytest.approx(sum(row["seconds"] for row in scored))
    assert min(row["speed"] for row in scored if row["speed"]) <= total["speed"]
    assert total["memory_bytes"] == max(row["memory_bytes"] or 0 for row in rows.values())


def test_who_speaks_is_measured_where_that_is_known(document: dict[str, Any]) -> None:
    [good] = document["speakers"]["recordings"]
    assert (good["name"], good["reference"]) == ("good.wav", "good.rttm")
    assert (good["speakers"], good["found"]) == (2, 2)
    assert 0 <= good["diarization_error_rate"] <= 0.05
    assert 50e6 < good["memory_bytes"] < 2e9
    total = document["speakers"]["total"]
    assert total["diarization_error_rate"] == good["diarization_error_rate"]


def test_no_copy_of_a_recording_is_left(result: Result, temporary: Path) -> None:
    assert result.exit_code == 1
    assert list(temporary.iterdir()) == []


def test_without_json_a_line_for_each_goes_to_stderr_and_the_table_to_stdout(tmp_path: Path) -> None:
    for name in ("a.ogg", "b.ogg"):
        (tmp_path / name).write_bytes(recording("speech.ogg"))
    (tmp_path / "a.txt").write_text(REFERENCE)
    result = evaluate(tmp_path, "--language", "English", "--batch", "2")
    assert result.exit_code == 0, result.stderr
    titles, row, total = (line.split("\t") for line in result.stdout.splitlines())
    assert titles == list(TITLES)
    assert row[0] == "a.ogg"
    assert row[1:3] == ["9.6", str(WORDS)]
    assert (total[0], total[1:3]) == ("all 1", row[1:3])
    skipped, heard = result.stderr.splitlines()
    assert skipped == "smelt: b.ogg is skipped: there is no .txt, .srt, .vtt, .stm, .rttm of the same name"
    assert heard.startswith("  a.ogg: ")
    assert heard.endswith("% of the words wrong")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "has no recording with a .txt"),
        (["--language", "klingon"], "'klingon' is no language"),
    ],
)
def test_what_cannot_be_evaluated_is_told_in_one_line(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    result = evaluate(tmp_path, *options)
    assert result.exit_code == EX_CONFIG
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert complaint in line


def test_a_model_that_cannot_be_loaded_is_told_in_one_line(corpus: Path, tmp_path: Path) -> None:
    result = evaluate(corpus, "--json", "--model", str(tmp_path))
    assert result.exit_code == EX_CONFIG
    (line,) = result.stderr.splitlines()
    assert "can't be loaded" in line


def test_missing_packages_are_named_with_the_command_that_installs_them(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "whisper_normalizer", None)
    result = evaluate(corpus)
    assert result.exit_code == EX_CONFIG
    (line,) = result.stderr.splitlines()
    assert line.endswith("pip install whisper-normalizer")


def test_a_folder_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    assert evaluate(tmp_path / "nowhere").exit_code == 2


def test_a_terminal_shows_one_bar_for_all_of_them() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=120)
    with showing(console, 2) as bar:
        bar.begin("[a].wav")
        bar.tick(SpeechProgress(5.0, 10.0))
        bar.end(Trial("[a].wav", "[a].txt", Score(10, 1, 50, 5)))
        bar.begin("b.wav")
        bar.end(Trial("b.wav", "b.txt", code="corrupted_file"))
    shown = cast("StringIO", console.file).getvalue()
    assert "b.wav" in shown
    assert "2/2" in shown
    assert "10.0% of the words wrong" in shown


def test_seconds_unheard_are_the_sum_of_the_transcripts_spans() -> None:
    gaps = cast("Transcript", SimpleNamespace(unheard=((0.0, 1.5), (3.0, 4.0))))
    assert unheard_seconds(gaps) == 2.5
    assert unheard_seconds(Transcript(())) == 0
