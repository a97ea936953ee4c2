"""The page at / and its files: whole, up to date, kept for ever by their digests, and bound by a strict policy."""

import gzip
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from api.web.assets import FOLDER, MANIFEST
from pipeline.settings import Settings
from pipeline.states import ApiKeyStatus, SmeltStatus, Tier, WaitingFor, WorkStatus
from tests.api.conftest import running

WEB = Path(__file__).parents[3] / "web"
MADE_OF = ("build.mjs", "package.json", "package-lock.json", "tsconfig.json")
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
FIRST_LOAD = 150_000  # bytes, packed


@pytest.fixture
def browser(settings: Settings) -> Iterator[httpx.Client]:
    with running(settings) as api, api.client(BROWSER) as client:
        yield client


def test_the_build_is_of_the_sources_that_are_here() -> None:
    """`make web` makes it anew. The same digest as in `web/build.mjs`."""
    files = [path.relative_to(WEB).as_posix() for path in (WEB / "source").rglob("*") if path.is_file()]
    lines = [
        f"{name} {sha256((WEB / name).read_bytes()).hexdigest()}\n" for name in sorted([*files, *MADE_OF])
    ]
    manifest = json.loads((FOLDER / MANIFEST).read_text())
    assert manifest["sources"] == sha256("".join(lines).encode()).hexdigest(), "run `make web`"
    assert {path.name for path in FOLDER.iterdir()} == {*manifest["files"], MANIFEST}


def test_whatever_a_part_may_wait_for_and_be_has_words() -> None:
    strings = (WEB / "source" / "strings.ts").read_text()
    named = {*SmeltStatus, *WorkStatus, *WaitingFor, *Tier, *ApiKeyStatus}
    assert {name for name in named if not re.search(rf'\b{name}: "', strings)} == set()


def test_the_lock_of_the_sources_names_no_registry() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()


def test_the_page_and_all_that_it_loads_are_there_and_small(browser: httpx.Client) -> None:
    page = browser.get("/")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-cache")
    names = re.findall(r'(?:src|href)="(web/[^"]+)"', page.text)
    assert {name.rpartition(".")[2] for name in names} == {"js", "css", "svg"}
    loaded = len(gzip.compress(page.content))
    while names:
        file = browser.get(f"/{names.pop()}")
        assert file.status_code == 200
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["Content-Encoding"] == "gzip"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        loaded += int(file.headers["Content-Length"])
        names += [f"web/{name}" for name in re.findall(r'"\./([\w.-]+\.js)"', file.text)]
    assert 20_000 < loaded < FIRST_LOAD


def test_who_takes_no_packed_files_gets_them_plain(browser: httpx.Client) -> None:
    name = re.findall(r'href="(web/[^"]+css)"', browser.get("/").text)[0]
    plain = browser.get(f"/{name}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == browser.get(f"/{name}").text


def test_nothing_runs_and_nobody_is_asked_but_the_service(browser: httpx.Client) -> None:
    reply = browser.get("/")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    nothing = ("default-src", "base-uri", "form-action", "frame-ancestors")
    assert {policy[name] for name in nothing} == {"'none'"}
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert (
        re.findall(r"<script(?![^>]*src=)|<style|style=|\son\w+=|//", reply.text.partition("<head>")[2]) == []
    )


def test_programs_get_what_they_always_did(browser: httpx.Client) -> None:
    for accept in ("*/*", "application/json", "", "application/json, text/html;q=0.9"):
        reply = browser.get("/", headers={"Accept": accept})
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found"), accept
        assert "/docs" in reply.json()["detail"]
    for path in ("nothing.js", "../app.py", "index.html", "manifest.json"):
        assert browser.get(f"/web/{path}").status_code == 404, path


def test_it_can_be_switched_off(settings: Settings) -> None:
    off = Settings.model_validate({**settings.model_dump(), "web": "off"})
    with running(off) as api, api.client(BROWSER) as client:
        assert client.get("/").status_code == 404
