"""The pages for clients: every block of theirs that can be run here is run, in the page's order."""

import json
import os
import shutil
import signal
import socket
import subprocess
import zipfile

import pytest

from tests.docs.conftest import Reader, blocks
from tests.support.waiting import wait_until

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
def test_the_page_of_curl(reader: Reader) -> None:
    reader.run("bash", "-euo", "pipefail", "-c", "\n".join(blocks("docs/clients/curl.md", "sh")))

    with zipfile.ZipFile(reader.folder / "notes.zip") as archive:
        assert archive.namelist() == ["summarize.md"]
    assert (reader.folder / "meeting.srt").read_text().startswith("1\n00:00:")
    note = json.loads((reader.folder / "note.json").read_text())
    assert note["default_prompt_names"] == ["action_items"]
    [left] = reader.http.get("/v1/smelts").raise_for_status().json()["items"]
    assert left["id"] == note["id"], "the page's other smelt is deleted at its end"


def test_the_page_of_python(reader: Reader) -> None:
    printed = [reader.run("python3", "-c", block) for block in blocks("docs/clients/python.md", "python")]

    waited, followed, many = printed
    assert waited.startswith("completed\n# ")
    assert "done completed" in followed
    assert "\n1\n00:00:" in followed
    assert [name for name in ("Ann", "Bob") if name not in many] == []


def test_the_page_of_openais_sdks(reader: Reader) -> None:
    [program] = blocks("docs/clients/openai.md", "python")
    text, rest = reader.run("python3", "-c", program).split("\n", 1)
    assert text
    assert rest.startswith("1\n00:00:")


@needs_curl
def test_the_page_of_openais_sdks_by_curl(reader: Reader) -> None:
    [command] = blocks("docs/clients/openai.md", "sh")
    assert reader.run("bash", "-euc", command)


@needs_curl
def test_the_page_of_webhooks(reader: Reader) -> None:
    [program] = blocks("docs/clients/webhooks.md", "python")
    port = str(_free_port())
    listening = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do :; done\n"
    script = listening.join(blocks("docs/clients/webhooks.md", "sh"))
    assert (program.count("9000"), script.count("9000")) == (1, 1)
    (reader.folder / "receiver.py").write_text(program.replace("9000", port))
    printed = reader.folder / "printed"

    with printed.open("w") as output:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script.replace("9000", port)],
            cwd=reader.folder,
            env=reader.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            wait_until(lambda: "smelt.completed" in printed.read_text(), 40)
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    [smelt] = reader.http.get("/v1/smelts").raise_for_status().json()["items"]
    assert f"smelt.completed {smelt['id']}" in printed.read_text()


def test_the_receiver_has_twenty_lines() -> None:
    [program] = blocks("docs/clients/webhooks.md", "python")
    assert len([line for line in program.splitlines() if line]) <= 20


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
