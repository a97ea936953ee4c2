"""A browser keeps nothing of what the API answers, guesses no type and runs nothing, whatever part of it answers."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from api.errors import ApiError, Code, problem
from api.middleware.concurrency_limit import ConcurrencyLimit
from pipeline.content.store import ContentStore
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work

RECORDING = Path(__file__).parent.parent.parent / "recordings" / "speech.mp3"
NOTHING_RUNS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SCRIPT = "<script>alert(1)</script> Ann ships on Friday."


async def refuse(_: ConcurrencyLimit, scope: Scope, receive: Receive, send: Send) -> None:
    await problem(ApiError(Code.BUSY))(scope, receive, send)


def assert_safe(reply: httpx.Response) -> None:
    headers = reply.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == NOTHING_RUNS
    assert headers["Referrer-Policy"] == "no-referrer"
    for name in ("X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"):
        assert len(headers.get_list(name)) == 1


def test_content_and_the_export_are_neither_kept_nor_run(ada: httpx.Client, settings: Settings) -> None:
    parts: list[tuple[str, Any]] = [
        ("files", ("speech.mp3", RECORDING.read_bytes())),
        ("files", ("page.html", SCRIPT)),
        ("default_prompt_names", (None, "summarize")),
    ]
    smelt = ada.post("/v1/smelts", files=parts).raise_for_status().json()
    do_all_work(settings)
    smelt = ada.get(f"/v1/smelts/{smelt['id']}").json()
    at = f"/v1/smelts/{smelt['id']}"
    for path in (
        at,
        "/v1/smelts",
        f"{at}/outputs",
        *(f"{at}/outputs/{output['id']}" for output in smelt["outputs"]),
        *(
            f"{at}/files/{smelt['files'][0]['id']}/transcript?format={form}"
            for form in ("txt", "srt", "json")
        ),
        f"{at}/events",
        "/v1/account/export",
        "/v1/prompts",
    ):
        assert_safe(ada.get(path).raise_for_status())
    archive = ada.get(f"{at}/outputs", headers={"Accept": "application/zip"})
    assert_safe(archive)
    assert "attachment" in archive.headers["Content-Disposition"]


def test_errors_are_told_so_too(
    api: RunningApi, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method, path in (
        ("GET", "/nowhere"),
        ("PUT", "/v1/smelts"),
        ("GET", "/v1/profile"),
        ("POST", "/v1/smelts"),
        ("POST", "/v1/audio/transcriptions"),
        ("GET", "/v1/smelts/x"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/openapi.json"),
    ):
        assert_safe(visitor.request(method, path))

    def explode(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(ContentStore, "put_all", explode)
    reply = visitor.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
    assert reply.status_code == 500
    assert_safe(reply)


def test_a_full_service_and_a_preflight_too(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"}
    changed = settings.model_copy(update={"cors_origins": ("https://app.example.org",)})
    with running(changed) as api, api.client(cast.ada.headers) as client:
        preflight = client.options("/v1/smelts", headers=origin)
        assert preflight.status_code == 200
        assert_safe(preflight)

        monkeypatch.setattr(ConcurrencyLimit, "__call__", refuse)
        refused = client.get("/v1/usage")
        assert refused.status_code == 503
        assert_safe(refused)
