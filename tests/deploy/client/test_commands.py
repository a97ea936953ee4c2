"""The client's commands, run as a user runs them, against the running service."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local_users import ensure_local_user, mint
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET

pytestmark = pytest.mark.long

DEMO = Path(__file__).parents[3] / "deploy" / "demo"
RECORDINGS = Path(__file__).parent.parent.parent / "recordings"

Run = Callable[..., subprocess.CompletedProcess[str]]


def smelt(
    *arguments: object, stdin: str = "", home: Path = Path("/nowhere"), **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from deploy.cli.main import main; main()", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_PROXY": "*", **variables}
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.fixture
def run(service: RunningService) -> Run:
    """`smelt`, as a user of this test's own."""
    email = f"carol-{uuid4()}@example.org"
    user = ensure_local_user(service.service.owner_url, email)
    token = mint(JWT_SECRET, service.settings.jwt_audience, user, email)
    variables = {"SMELT_SERVER": service.service.address, "SMELT_TOKEN": token}
    return lambda *arguments, **more: smelt(*arguments, **{**variables, **more})


def test_a_batch_in_one_line_from_files_to_a_document(run: Run, tmp_path: Path) -> None:
    answer = run(
        "submit", RECORDINGS / "meeting.m4a", DEMO / "notes.md", "--combine", "--prompt", "summarize", "--wait",
        "-o", tmp_path / "notes.md",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == ""
    assert (tmp_path / "notes.md").read_text().startswith("# ")
    for line in ("file    meeting.m4a: completed", "file    notes.md: completed", "summarize of all files"):
        assert line in answer.stderr
    assert "\x1b" not in answer.stderr


def test_from_submission_to_zip_piece_by_piece(run: Run, tmp_path: Path) -> None:
    identifier = run("submit", "-", "--prompt", "summarize", "--json", stdin="Ann ships on Friday.").stdout
    smelt_id = str(UUID(json.loads(identifier)["id"]))
    assert run("show", smelt_id, "--wait", "-o", tmp_path / "all.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert "Ann ships on Friday" in archive.read(archive.namelist()[0]).decode()

    told = [json.loads(line) for line in run("events", smelt_id, "--json").stdout.splitlines()]
    assert [event["event"] for event in told] == ["smelt", "file", "output", "done"]
    assert told[-1]["data"] == {"status": "completed"}
    assert run("events", smelt_id).stdout.splitlines()[1].split("\t")[1:] == [
        "file",
        "text.md",
        "completed",
        "100%",
    ]

    listed = run("list", "--status", "completed").stdout.splitlines()
    assert [line.split("\t")[:3] for line in listed] == [[smelt_id, "completed", "separate"]]
    assert [json.loads(line)["id"] for line in run("list", "--json").stdout.splitlines()] == [smelt_id]
    assert "smelts remaining\t4" in run("usage").stdout
    assert "summarize\t" in run("prompts").stdout
    assert run("show", smelt_id).stdout.splitlines()[1].startswith("file    text.md\tcompleted\t100%")

    assert run("delete", smelt_id, "--content", "--yes").returncode == 0
    expired = run("show", smelt_id, "-o", tmp_path / "late.md")
    assert (expired.returncode, expired.stderr.strip()) == (3, "smelt: The content has been deleted.")
    assert run("delete", smelt_id).returncode == 2  # nobody is there to be asked
    assert run("delete", smelt_id, "--yes").returncode == 0
    assert run("show", smelt_id).returncode == 3


def test_a_recording_without_a_prompt_gives_its_transcript(run: Run, tmp_path: Path) -> None:
    recording = tmp_path / "talk.m4a"
    recording.write_bytes((RECORDINGS / "meeting.m4a").read_bytes())
    answer = run("submit", recording, "--wait")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()
    smelt_id = run("list").stdout.split("\t")[0]
    assert run("show", smelt_id, "-o", tmp_path / "talk.srt").returncode == 0
    assert " --> " in (tmp_path / "talk.srt").read_text()


def test_transcripts_go_into_a_zip_of_their_own(run: Run, tmp_path: Path) -> None:
    """In any locale: names and texts are UTF-8 on stdout and in files."""
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    note = tmp_path / "zoë.md"
    note.write_text("Zoë naht 語.", "utf-8")
    answer = run("submit", RECORDINGS / "meeting.m4a", note, "--wait", **ascii_only)
    assert answer.returncode == 0, answer.stderr
    for said in ("# meeting.m4a", "# zoë.md", "Zoë naht 語."):
        assert said in answer.stdout
    smelt_id = run("list").stdout.split("\t")[0]
    document, archived = tmp_path / "all.txt", tmp_path / "all.ZIP"
    for file in (document, archived):
        assert run("show", smelt_id, "-o", file, **ascii_only).returncode == 0
    assert document.read_text("utf-8") == answer.stdout
    with zipfile.ZipFile(archived) as archive:
        assert archive.namelist() == ["001 meeting.m4a.txt", "002 zoë.md.txt"]
        assert archive.read("002 zoë.md.txt").decode() == "Zoë naht 語.\n"
    unfit = run("show", smelt_id, "-o", tmp_path / "all.srt")
    assert (unfit.returncode, len(unfit.stderr.splitlines())) == (2, 1)


def test_a_pipe_may_be_an_input_and_stdout_where_results_go(run: Run, tmp_path: Path) -> None:
    answer = run("submit", "/dev/stdin", "--prompt", "summarize", "-o", "-", stdin="Ann ships on Friday.\n")
    assert answer.returncode == 0, answer.stderr
    assert "Ann ships on Friday" in answer.stdout
    assert not Path("-").exists()
    smelt_id = run("list").stdout.split("\t")[0]
    unfit = run("show", smelt_id, "-o", tmp_path / "results.vtt")
    assert (unfit.returncode, len(unfit.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "results.vtt").exists()

    receipt = json.loads(run("delete", smelt_id, "--content", "--json", "-y").stdout)
    assert (receipt["smelt_id"], receipt["objects_deleted"]) == (smelt_id, 2)
    assert json.loads(run("delete", smelt_id, "--json", "-y").stdout) == {"id": smelt_id, "deleted": True}


def test_a_failed_smelt_says_why_and_can_be_taken_back_to_work(run: Run) -> None:
    failed = run("submit", RECORDINGS / "silence.wav", "--wait")
    assert failed.returncode == 1
    assert "No speech was found" in failed.stderr
    smelt_id = run("list", "--json").stdout and json.loads(run("list", "--json").stdout)["id"]
    again = run("retry", smelt_id, "--wait", "--json")
    assert again.returncode == 1
    ended = json.loads(again.stdout)
    assert (ended["status"], ended["files"][0]["error_code"]) == ("failed", "no_speech")
    done = run("cancel", smelt_id)
    assert (done.returncode, done.stderr) == (3, "smelt: Already finished.\n")


def test_every_way_of_not_working_has_its_exit_code(run: Run, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("Ann ships.")
    refused = run("submit", note, "--text-prompt", "none")
    assert refused.returncode == 3
    assert "--prompt: Choose at least one prompt" in refused.stderr
    assert run("list", SMELT_TOKEN="nobody").returncode == 3
    missing = run("submit", tmp_path / "none.md", "--prompt", "summarize")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (2, 1)
    assert run("submit", note, "--prompt", "polish").returncode == 2
    assert run("list", "--server", "smelt.example.org").returncode == 2


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (["--server", "http://127.0.0.1:abc"], {}),
        (["--server", "http://ä..b"], {}),
        (["--server", "ann:pa@ssword@host"], {}),
        (["--token", "pässword"], {}),
        (["--token", "smelt_a\nb"], {}),
        (["--status", "completed"], {"SMELT_TOKEN": "smelt_a b"}),
        (["--server", "http://127.0.0.1:1"], {"ALL_PROXY": "nonsense://x", "NO_PROXY": ""}),
    ],
)
def test_what_is_no_address_and_no_token_is_wrongly_called(
    options: list[str], variables: dict[str, Any]
) -> None:
    answer = smelt("list", *options, **variables)
    assert (answer.returncode, answer.stdout, len(answer.stderr.splitlines())) == (2, "", 1), answer.stderr
    assert answer.stderr.startswith("smelt: ")
    assert "ssword" not in answer.stderr


def test_an_option_in_bytes_that_are_no_text_is_wrongly_called(run: Run) -> None:
    answer = run("submit", DEMO / "notes.md", "--prompt", "summarize", "--language", "\udcff")
    assert (answer.returncode, len(answer.stderr.splitlines())) == (2, 1), answer.stderr


def test_space_around_a_token_is_not_of_it(service: RunningService) -> None:
    """Such as the newline at the end of the file that it was read from."""
    address, token = service.service.address, f" {service.cast.bob.token}\n"
    assert "tier\tcredits" in smelt("usage", SMELT_SERVER=address, SMELT_TOKEN=token).stdout


def test_a_text_from_stdin_must_be_one() -> None:
    with started("submit", "-", "--server", "http://127.0.0.1:1") as process:
        output, errors = process.communicate(b"\xff\xfe\x00", timeout=100)
    assert (process.returncode, output, errors.count(b"\n")) == (2, b"", 1)
    assert errors.startswith(b"smelt: ")


def test_a_reader_that_has_had_enough_is_no_error(service: RunningService) -> None:
    """As in `smelt prompts | head -0`: not a word, and the exit code that shells have for a closed pipe."""
    variables = {"SMELT_SERVER": service.service.address, "SMELT_TOKEN": service.cast.bob.token}
    with started("prompts", **variables) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(100), errors) == (141, b"")


def started(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from deploy.cli.main import main; main()", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "NO_PROXY": "*", **variables}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)


def test_a_service_out_of_reach_is_told_in_one_line() -> None:
    answer = smelt("usage", "--server", "http://127.0.0.1:1")
    assert (answer.returncode, len(answer.stderr.splitlines())) == (4, 1)
    assert "can't be reached" in answer.stderr


def test_address_and_token_may_stand_in_a_file(service: RunningService, tmp_path: Path) -> None:
    """And the token goes to that file's server alone."""
    folder = tmp_path / ".config" / "smelt"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        f'server = "{service.service.address}"\ntoken = "{service.cast.bob.token}"\n'
    )
    assert "tier\tcredits" in smelt("usage", home=tmp_path).stdout
    elsewhere = service.service.address.replace("127.0.0.1", "localhost")
    assert "tier\tanonymous" in smelt("usage", "--server", elsewhere, home=tmp_path).stdout
    (folder / "config.toml").write_text("port = 3")
    assert smelt("usage", home=tmp_path).returncode == 2
