"""A model that isn't here yet comes from the hub, and whoever waits is told how far it is. The hub is a small one."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.process import SpeechProcess
from tests.speech_model import WORD_MODEL

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/tiny"
FILES = {path.name: path for path in Path(WORD_MODEL).iterdir() if path.suffix in (".json", ".bin")}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's API as its client asks for: the commit, the list of its files, and each of them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if path == f"/api/models/{REPOSITORY}/revision/main":
            self._send(json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": []}).encode())
        elif path == f"/api/models/{REPOSITORY}/tree/{COMMIT}":
            self._send(json.dumps([_entry(file) for file in FILES]).encode())
        elif path == f"/{REPOSITORY}/resolve/{COMMIT}/{name}" and name in FILES:
            self._send(FILES[name].read_bytes(), {"X-Repo-Commit": COMMIT, "ETag": f'"{_id(name)}"'})
        else:
            self.send_error(404)

    def _send(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for header, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _entry(name: str) -> dict[str, object]:
    return {"type": "file", "path": name, "size": FILES[name].stat().st_size, "oid": _id(name)}


def _id(name: str) -> str:
    return name.encode().hex().ljust(40, "0")[:40]


@pytest.fixture
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_who_waits_for_a_download_is_told_how_far_it_is(
    hub: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "NO_PROXY": "*"}
    speech = SpeechProcess(
        SpeechEngineSettings(model=REPOSITORY), f"file://{tmp_path}/content", environment=environment
    )
    with caplog.at_level(logging.INFO, "pipeline.speech.process"):
        try:
            speech.start()
        finally:
            speech.close()
    told = [message for message in caplog.messages if message.startswith(f"speech model {REPOSITORY}: ")]
    chosen, *downloaded = told
    assert "batches of" in chosen
    assert downloaded
    assert all(message.endswith("% of 3 MB downloaded") for message in downloaded)
