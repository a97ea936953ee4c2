"""How the page looks and can be used: at two widths, light and dark, by keyboard; axe finds nothing.

With `SMELT_TEST_PICTURES` set to a folder, pictures of the main views are put there.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from tests.api.conftest import RunningApi
from tests.recordings import FOLDER, recording
from tests.support.cast import Cast
from tests.support.running import RunningService
from tests.support.slow_speech import hearing, passage
from tests.web.conftest import NARROW, NOTE, WIDE, Visit, choose, hold_the_post, visiting

PICTURES = os.environ.get("SMELT_TEST_PICTURES")
Scheme = Literal["light", "dark"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="session")
def library(web: RunningService) -> dict[str, Any]:
    """Bob's smelt, and prompts of his."""
    with web.client(web.cast.bob) as client:
        section = client.post("/v1/prompt-sections", json={"title": "Meetings"}).raise_for_status().json()
        for title in ("Minutes", "Decisions"):
            body = {"title": title, "body": "Write it down.", "section_id": section["id"]}
            client.post("/v1/prompts", json=body).raise_for_status()
        client.post("/v1/tokens", json={"name": "nightly batch"}).raise_for_status()
        parts: list[tuple[str, Any]] = [
            ("files", ("meeting.mp3", (FOLDER / "speech.mp3").read_bytes())),
            ("files", ("notes.md", b"# Plan\n\nZoe must call the printer by Friday.\n")),
            ("default_prompt_names", (None, "summarize")),
            ("default_prompt_names", (None, "action_items")),
        ]
        posted = client.post("/v1/smelts", files=parts).raise_for_status().json()
        return web.finished(client, posted["id"])


@dataclass(frozen=True)
class Look:
    width: int
    height: int
    scheme: Scheme

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOOKS = [Look(*size, scheme) for size in (WIDE, NARROW) for scheme in SCHEMES]


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    found: Look = request.param
    return found


@pytest.fixture
def looking(chromium: Browser, web: RunningService, look: Look) -> Iterator[Visit]:
    shape: ViewportSize = {"width": look.width, "height": look.height}
    with (
        chromium.new_context(viewport=shape, color_scheme=look.scheme, locale="en-GB") as context,
        visiting(context, web.service.address) as visit,
    ):
        yield visit


def check(page: Page, name: str, look: Look) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{look}.png")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= look.width, "wider than the window"


def test_every_view(
    looking: Visit, web: RunningService, library: dict[str, Any], look: Look, subtests: pytest.Subtests
) -> None:
    page = looking.page
    page.goto(looking.address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").wait_for()
    with subtests.test(view="sign-in"):
        check(page, "sign-in", look)
    looking.sign_in(web.cast.bob)
    page.locator("input[type=file]").first.set_input_files([FOLDER / "speech.mp3", FOLDER / "speech.txt"])
    page.get_by_text("2 parts").first.wait_for()
    with subtests.test(view="new"):
        check(page, "new", look)
    at = f"#/smelts/{library['id']}"
    outputs = {output["default_prompt_name"]: output["id"] for output in library["outputs"]}
    for name, route, seen in (
        ("smelt", at, page.get_by_role("link", name="Listen and read")),
        (
            "result",
            f"{at}/outputs/{outputs['summarize']}",
            page.locator(".markdown :text-is('Summary')").or_(
                page.locator(".markdown p, .markdown li").first
            ),
        ),
        ("transcript", f"{at}/files/{library['files'][0]['id']}", page.locator(".segment").first),
        ("history", "#/smelts", page.get_by_role("link", name="meeting.mp3")),
        ("library", "#/library", page.get_by_role("heading", name="Meetings")),
        ("account", "#/account", page.get_by_text("nightly batch")),
    ):
        looking.go(route)
        seen.first.wait_for()
        with subtests.test(view=name):
            check(page, name, look)


def test_the_first_load_is_small(visit: Visit) -> None:
    """Its time, printed, is the machine's matter too."""
    page = visit.page
    page.goto(visit.address)
    page.get_by_role("heading", name="New smelt").wait_for()
    loaded, seconds = page.evaluate(
        """() => [
            performance.getEntriesByType("resource").reduce((sum, entry) => sum + entry.transferSize, 0),
            performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000,
        ]"""
    )
    print(f"{loaded} bytes; first paint after {seconds:.2f} s")
    assert 20_000 < loaded < 60_000


def test_it_is_used_by_keyboard_alone(visit: Visit, web: RunningService) -> None:
    """From the paste to the result."""
    page = visit.page
    visit.sign_in(web.cast.ada)

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.textContent || document.activeElement.id")
            if focused.strip() == name:
                return
        raise AssertionError(f"{name} isn't reached")

    tab_to("Paste text")
    page.keyboard.press("Enter")
    tab_to("paste-text")
    page.keyboard.type("Zoe must call the printer by Friday.")
    tab_to("Add the text")
    page.keyboard.press("Enter")
    tab_to("Send")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Summary").wait_for()
    tab_to("Summary")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Zoe must call the printer by Friday.")).to_be_visible()


STILL = """() => [...document.querySelectorAll("*")].map(getComputedStyle).every(
    style => style.transitionDuration === "0s" && style.animationName === "none"
)"""
SIDES = r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)\s*:|text-align:\s*(?:left|right)"
AWAY = {"status": 503, "json": {"code": "unavailable", "detail": "The database is out of reach."}}


def test_what_went_wrong_can_be_read_by_all(
    looking: Visit, web: RunningService, library: dict[str, Any], look: Look, subtests: pytest.Subtests
) -> None:
    """Every view in a state with an error."""
    page = looking.page
    page.goto(looking.address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").fill("smelt_wrong")
    page.get_by_role("button", name="Sign in with the token").click()
    page.get_by_role("alert").wait_for()
    with subtests.test(view="sign-in"):
        check(page, "sign-in-refused", look)
    looking.sign_in(web.cast.bob)
    wrong: list[FilePayload] = [
        {"name": f"{'photograph' * 25}.png", "mimeType": "image/png", "buffer": b"x"},
        {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""},
        {"name": "talk.mp3", "mimeType": "audio/mpeg", "buffer": b"%PDF-1.4 no recording"},
    ]
    choose(page, *wrong)
    page.get_by_text("The file is empty.").wait_for()
    page.get_by_text("More options").click()
    page.get_by_label("Tell speakers apart").check()
    with subtests.test(view="new"):
        check(page, "new-faulty", look)
    page.get_by_role("button", name="Remove empty.txt").click()
    page.get_by_role("button", name=f"Remove {wrong[0]['name']}").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("li", has_text="talk.mp3")).to_contain_text("not supported")
    with subtests.test(view="refused"):
        check(page, "new-refused", look)
    page.get_by_role("button", name="Remove all").click()
    with web.client(web.cast.bob) as client:
        files = {"files": ("broken.wav", b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40)}
        failed = client.post("/v1/smelts", files=files).raise_for_status().json()["id"]
        web.finished(client, failed)
    looking.go(f"#/smelts/{failed}")
    page.locator(".row .failure").wait_for()
    with subtests.test(view="failed"):
        check(page, "smelt-failed", look)
    page.get_by_role("button", name="Delete now").click()
    page.get_by_role("dialog").wait_for()
    with subtests.test(view="question"):
        check(page, "question", look)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    at = f"#/smelts/{library['id']}"
    for name, route, broken in (
        ("gone", "#/smelts/00000000-0000-7000-8000-000000000000", None),
        ("result", f"{at}/outputs/{library['outputs'][0]['id']}", "**/outputs/*"),
        ("transcript", f"{at}/files/{library['files'][0]['id']}", re.compile("/transcript")),
        ("history", "#/smelts", re.compile(r"/v1/smelts\?")),
        ("library", "#/library", "**/v1/prompts"),
        ("account", "#/account", "**/v1/profile"),
    ):
        if broken:
            page.route(broken, lambda route: route.fulfill(**AWAY))
        looking.go(route)
        page.locator(".failure").first.wait_for()
        with subtests.test(view=name):
            check(page, f"{name}-error", look)


def test_it_reads_from_right_to_left_as_well(
    looking: Visit, web: RunningService, library: dict[str, Any], look: Look, subtests: pytest.Subtests
) -> None:
    page = looking.page
    looking.sign_in(web.cast.bob)
    page.evaluate("document.documentElement.dir = 'rtl'")
    for name, route in (
        ("new", "#/"),
        ("smelt", f"#/smelts/{library['id']}"),
        ("transcript", f"#/smelts/{library['id']}/files/{library['files'][0]['id']}"),
        ("history", "#/smelts"),
        ("library", "#/library"),
        ("account", "#/account"),
    ):
        looking.go(route)
        page.locator("main h1").wait_for()
        with subtests.test(view=name):
            check(page, f"{name}-rtl", look)
    brand, out = (
        box["x"]
        for box in (page.locator(".brand").bounding_box(), page.locator(".who").bounding_box())
        if box is not None
    )
    assert brand > out or look.width == NARROW[0]


def test_nothing_moves_for_who_wants_no_motion(chromium: Browser, web: RunningService) -> None:
    for motion, expected in (("reduce", True), ("no-preference", False)):
        with (
            chromium.new_context(reduced_motion=motion) as context,  # type: ignore[arg-type]
            visiting(context, web.service.address) as visit,
        ):
            visit.page.goto(visit.address)
            visit.page.get_by_role("button", name="Send").wait_for()
            assert visit.page.evaluate(STILL) is expected


def test_styles_name_no_side() -> None:
    """Left and right would stay where they are when it is read from right to left."""
    style = (Path(__file__).parents[2] / "web" / "source" / "style.css").read_text()
    assert (
        re.findall(
            r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)\s*:|text-align:\s*(?:left|right)", style
        )
        == []
    )


def test_what_is_under_way_can_be_read_by_all(
    alone: Visit, api: RunningApi, cast: Cast, subtests: pytest.Subtests
) -> None:
    """While something is sent, and while a recording is heard."""
    page, look = alone.page, Look(*NARROW, "light")
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    held = hold_the_post(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Stop sending").wait_for()
    with subtests.test(view="sending"):
        check(page, "sending", look)
    alone.go("#/library")
    page.get_by_role("link", name="Sending,").wait_for()
    with subtests.test(view="sending, elsewhere"):
        check(page, "sending-elsewhere", look)
    held[0].continue_()
    page.get_by_role("status").get_by_role("link", name="notes.md").wait_for()
    with subtests.test(view="sent, elsewhere"):
        check(page, "sent-elsewhere", look)
    with api.client(cast.ada.headers) as client:
        files = {"files": ("talk.wav", recording("speech.wav"))}
        smelt = client.post("/v1/smelts", files=files).raise_for_status().json()
    alone.go(f"#/smelts/{smelt['id']}")
    with hearing(api.settings) as speech:
        speech.says(passage(0, 1))
        page.locator(".heard").wait_for()
        with subtests.test(view="hearing"):
            check(page, "hearing", look)
