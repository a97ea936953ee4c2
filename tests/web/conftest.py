"""A real browser on the page of a real service. `make test-web` runs these tests; they need Chromium.

Whatever a test does, the page may ask no other host, break no rule of its policy and throw nothing.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from typer.testing import CliRunner

from deploy.cli.main import app
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.conftest import whole_service
from tests.support.cast import User
from tests.support.engines import Servers
from tests.support.running import RunningService
from tests.support.waiting import wait_until

WIDE, NARROW = (1280, 900), (390, 844)
SECONDS = 60.0  # that something may take to be seen
expect.set_options(timeout=SECONDS * 1_000)
# The service says so of what a test asks for on purpose, and the browser repeats it.
EXPECTED = ("Failed to load resource",)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "these tests need Debian's package chromium"
    with sync_playwright() as playwright:
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[*as_root, "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web(servers: Servers, migrated_template: str) -> Iterator[RunningService]:
    roomy = {
        "weekly_credits": 1_000,
        "anonymous_daily": 1_000,
        "webhook_allowed_networks": ("127.0.0.0/8",),
    }
    with whole_service(servers, migrated_template, **roomy) as running:
        yield running


@dataclass
class Visit:
    """A browser's window on the page, and what it must not have done."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def sign_in(self, user: User, at: str = "") -> None:
        """By the link that `smelt up` prints."""
        reply = httpx.post(
            f"{self.address}/v1/session/ticket", headers=user.headers, timeout=60, trust_env=False
        )
        ticket = reply.raise_for_status().json()["ticket"]
        self.page.goto(f"{self.address}/#ticket={ticket}")
        self.page.get_by_role("button", name="Sign out").wait_for()
        if at:
            self.go(at)

    def go(self, route: str) -> None:
        self.page.evaluate("route => { location.hash = route; }", route)

    def watch(self) -> None:
        self.page.set_default_timeout(SECONDS * 1_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"thrown: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme in ("http", "https", "ws", "wss") and asked.netloc != urlsplit(self.address).netloc:
            self.faults.append(f"asked {request.url}")


@contextmanager
def visiting(context: BrowserContext, address: str) -> Iterator[Visit]:
    visit = Visit(context.new_page(), address)
    visit.watch()
    yield visit
    assert visit.faults == []


@pytest.fixture
def visit(chromium: Browser, web: RunningService) -> Iterator[Visit]:
    """At 1280 pixels, light."""
    with (
        chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, locale="en-GB") as context,
        visiting(context, web.service.address) as visit,
    ):
        yield visit


@pytest.fixture
def api(settings: Settings) -> Iterator[RunningApi]:
    """An API that no worker works for, so that a test says what happens, and when."""
    with running(settings) as api:
        yield api


@pytest.fixture
def alone(chromium: Browser, api: RunningApi) -> Iterator[Visit]:
    """On that API, at 390 pixels."""
    with (
        chromium.new_context(viewport={"width": NARROW[0], "height": NARROW[1]}, locale="en-GB") as context,
        visiting(context, api.url) as visit,
    ):
        yield visit


@pytest.fixture
def paused(web: RunningService, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bob's work is held, as an operator does it; the test resumes it, or its end does."""
    monkeypatch.setattr("sys.excepthook", lambda *_: None)  # a command sets it: put back at the end
    admin(web, "pause")
    yield
    admin(web, "resume", ends=(0, 1))  # 1: the test has resumed it


def admin(web: RunningService, act: str, ends: tuple[int, ...] = (0,)) -> None:
    variables = {
        "DATABASE_URL": web.settings.need("database_url"),
        "REDIS_URL": web.settings.need("redis_url"),
        "SMELT_REDIS_NAMESPACE": web.settings.redis_namespace,
    }
    done = CliRunner().invoke(app, ["admin", act, "--tenant", str(web.cast.bob.id)], env=variables)
    assert done.exit_code in ends, done.output


NOTE: FilePayload = {
    "name": "notes.md",
    "mimeType": "text/markdown",
    "buffer": b"Bob must call the bank on Friday.",
}


def choose(page: Page, *files: FilePayload | str) -> None:
    field = page.locator("input[type=file]").first
    if all(isinstance(file, str) for file in files):
        field.set_input_files([str(file) for file in files])
    else:
        field.set_input_files([file for file in files if not isinstance(file, str)])


def hold_the_post(page: Page) -> list[Route]:
    """The next one is under way until its route, which is in the list then, goes on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/smelts", hold, times=1)
    return held


def drop(page: Page, *paths: Path) -> None:
    """Dropped from outside of the browser, somewhere in the page."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

    def drag(kind: str) -> None:
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 700, "data": data})

    invitation = page.get_by_text("Drop to add")

    def is_seen() -> bool:
        """Told again and again, as a browser does while something is held over it."""
        drag("dragOver")
        return invitation.is_visible()

    def is_dropped() -> bool:
        """From the start once more, if the page isn't told of it: the browser loses one now and then."""
        drag("dragEnter")
        wait_until(is_seen, SECONDS)
        drag("dragOver")  # seen, so that the page has said that it takes what is dropped
        drag("drop")
        try:
            invitation.wait_for(state="hidden", timeout=5_000)
        except PlaywrightTimeout:
            return False
        return True

    wait_until(is_dropped, SECONDS)
