"""From a folder to results in a folder; what would be lost is refused before it is begun."""

import json
import signal
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from deploy.client import results
from deploy.client.client import Client
from smelt_client import Unreachable
from tests.deploy.client.conftest import Invoke
from tests.recordings import MEETING
from tests.support.smelt_replies import file, smelt


def test_a_folder_goes_out_and_its_results_come_into_one(invoke: Invoke, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.md").write_text("Ann ships on Friday.")
    (folder / "deeper" / "b.md").write_text("Bob writes the report.")
    (folder / "odd").write_bytes(b"OTTO\0\xff\xfe\0\x9f\x01")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    answer = invoke("submit", folder, "--prompt", "summarize", "-o", f"{out}/")
    assert answer.exit_code == 0, answer.output
    assert f"skipped: {folder / 'picture.png'}: an image" in answer.stderr
    assert f"skipped: {folder / 'odd'}: " in answer.stderr
    written = {str(path.relative_to(out)) for path in out.rglob("summarize.md")}
    assert written == {"001 a.md/summarize.md", "002 b.md/summarize.md"}
    assert "Bob writes the report" in (out / "002 b.md" / "summarize.md").read_text()
    row = invoke("list").stdout.splitlines()[0].split("\t")
    assert row[1:4] + row[5:] == ["completed", "separate", "100%", "a.md, b.md"]

    again = invoke("get", row[0], "-o", out)
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert invoke("get", row[0], "-o", out, "--force").exit_code == 0
    assert "Ann ships" in invoke("get", row[0]).stdout


def test_more_than_one_smelt_takes_becomes_several(invoke: Invoke, tmp_path: Path) -> None:
    for number in range(26):
        (tmp_path / f"{number:02}.md").write_text(f"Ann ships number {number} on Friday.")
    plan = invoke("submit", tmp_path, "--dry-run")
    assert plan.exit_code == 0, plan.output
    assert [line.split("\t")[0] for line in plan.stdout.splitlines()] == ["1"] * 25 + ["2"]
    assert "26 files make 2 smelts: one takes 25 files" in plan.stderr
    assert invoke("list").stdout == ""

    refused = invoke("submit", tmp_path, "-o", tmp_path / "all.md")
    assert (refused.exit_code, "2 smelts go into a folder" in refused.stderr) == (2, True)
    assert invoke("list").stdout == ""
    out = tmp_path / "out"
    answer = invoke("submit", tmp_path, "-o", f"{out}/", "--json")
    assert answer.exit_code == 0, answer.output
    ids = {json.loads(line)["id"] for line in answer.stdout.splitlines()}
    assert {path.name for path in out.iterdir()} == ids
    assert "texts get `summarize`" in answer.stderr
    assert len(list(out.rglob("summarize.md"))) == 26


@pytest.mark.parametrize("output", ["there.md", "none/new.md", "new.srt", "new.pdf"])
def test_an_output_that_cannot_be_is_told_before_anything_is_sent(
    invoke: Invoke, note: Path, tmp_path: Path, output: str
) -> None:
    (tmp_path / "there.md").write_text("mine")
    answer = invoke("submit", note, "--prompt", "summarize", "-o", tmp_path / output)
    assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1)
    assert (tmp_path / "there.md").read_text() == "mine"
    assert invoke("list").stdout == ""


def test_a_text_is_not_sent_with_a_prompt_whose_results_cannot_be_had_so(
    invoke: Invoke, note: Path, tmp_path: Path
) -> None:
    """Whether texts get a prompt that nobody named, the service's first answer tells."""
    answer = invoke("submit", note, "-o", tmp_path / "a.srt")
    assert (answer.exit_code, "what prompts give can be had as" in answer.stderr) == (2, True)
    assert invoke("list").stdout == ""


def test_a_translation_that_cannot_be_is_told_in_the_words_of_the_command(invoke: Invoke) -> None:
    """The tests' model knows English only."""
    answer = invoke("submit", MEETING, "--translate")
    assert answer.exit_code == 3
    assert answer.stderr.startswith("smelt: --translate: The speech model here doesn't translate")
    assert invoke("list").stdout == ""


def test_whatever_fails_after_the_post_says_how_to_get_the_results(
    invoke: Invoke, note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bytes:
        raise Unreachable(detail="it is away")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "results", away)
        answer = invoke("submit", note, "-o", tmp_path / "a.md")
    assert answer.exit_code == 4
    smelt_id = invoke("list").stdout.split("\t")[0]
    assert f"its results: smelt get {smelt_id} --wait -o FILE" in answer.stderr
    assert answer.stderr.splitlines()[-1] == "smelt: it is away"

    assert invoke("get", smelt_id, "--wait", "-o", tmp_path / "a.md").exit_code == 0
    assert "Ann ships" in (tmp_path / "a.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_post_says_how_to_get_the_results(
    invoke: Invoke,
    note: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    number: int,
) -> None:
    # However the tests were begun: `nohup` and a shell's `&` have signals ignored, which the command respects.
    as_it_was = signal.signal(
        number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    )
    request.addfinalizer(lambda: signal.signal(number, as_it_was))

    def interrupted(*_: object) -> None:
        signal.raise_signal(number)
        Event().wait()  # for the handler, which may run some instructions later

    monkeypatch.setattr(results, "display", interrupted)
    answer = invoke("submit", note, "--wait")
    smelt_id = invoke("list").stdout.split("\t")[0]
    assert answer.exit_code == 128 + number
    assert f"its results: smelt get {smelt_id} --wait -o FILE" in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("smelt: interrupted; what was sent goes on")


def test_a_text_without_a_prompt_is_summarized_and_that_is_said(invoke: Invoke, note: Path) -> None:
    answer = invoke("submit", note)
    assert answer.exit_code == 0, answer.output
    assert answer.stderr == "smelt: no --prompt was given: texts get `summarize`\n"
    assert str(UUID(answer.stdout.strip())) == answer.stdout.strip()
    refused = invoke("submit", note, SMELT_TEXT_PROMPT="none")
    assert (refused.exit_code, "--prompt: Choose at least one" in refused.stderr) == (3, True)


def test_without_a_token_several_files_are_told_to_need_one(
    invoke: Invoke, note: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.md"
    other.write_text("Bob.")
    answer = invoke("submit", note, other, SMELT_TOKEN="")
    assert (answer.exit_code, "give one with --token" in answer.stderr) == (2, True), answer.output


def test_get_that_waited_for_a_smelt_that_was_canceled_gives_what_there_is_and_says_so(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = smelt(file(1), file(2, status="canceled", error_code=None), status="canceled")
    monkeypatch.setattr(Client, "follow_all", lambda *_: iter([[part]]))
    monkeypatch.setattr(Client, "transcript", lambda *_: "what was said")
    answer = invoke("get", part.id, "--wait", "-o", tmp_path / "a.txt")
    assert (answer.exit_code, answer.stderr.splitlines()[-1]) == (
        1,
        f"smelt: the smelt canceled: no result ({part.id})",
    )
    assert (tmp_path / "a.txt").read_text() == "what was said"
