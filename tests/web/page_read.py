"""Reading: results that can run nothing, and a transcript that is heard word by word."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pipeline.speech.transcript import Segment, Transcript
from tests.api.conftest import RunningApi
from tests.recordings import FOLDER, recording
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work
from tests.support.running import RunningService
from tests.web.conftest import Visit

HOSTILE = """# Title <script>window.ran = 1</script>

<img src=x onerror="window.ran = 2"> <iframe src="https://evil.example"></iframe>

![picture](https://evil.example/pixel.png) [bad](javascript:window.ran=3) [good](https://example.org/)

- [ ] open task
- [x] done task

<a href="data:text/html,<script>window.ran=4</script>">x</a> <svg onload="window.ran=5"></svg>
"""
LONG = 6_500
SCROLL = """async () => {
    const list = document.querySelector(".segments");
    const times = [];
    const begun = performance.now();
    for (;;) {
        times.push(await new Promise(requestAnimationFrame));
        const share = (performance.now() - begun) / 3000;
        if (share >= 1) return times;
        list.scrollTop = share * (list.scrollHeight - list.clientHeight);
    }
}"""


@pytest.fixture(scope="session")
def smelt(web: RunningService) -> dict[str, Any]:
    """A recording of Ada's, finished."""
    with web.client(web.cast.ada) as client:
        parts: list[tuple[str, Any]] = [
            ("files", ("talk.wav", (FOLDER / "speech.wav").read_bytes())),
            ("default_prompt_names", (None, "summarize")),
        ]
        posted = client.post("/v1/smelts", files=parts).raise_for_status().json()
        return web.finished(client, posted["id"])


def test_a_hostile_result_runs_nothing_and_asks_nobody(
    visit: Visit, web: RunningService, smelt: dict[str, Any]
) -> None:
    page = visit.page
    at = f"v1/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}"
    page.route(f"**/{at}", lambda route: route.fulfill(body=HOSTILE, content_type="text/markdown"))
    visit.sign_in(web.cast.ada, f"#/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}")
    shown = page.locator(".markdown")
    expect(shown.get_by_text("open task")).to_be_visible()
    assert page.evaluate("window.ran") is None
    assert shown.locator("script, img, iframe, svg, style, [onerror], [onload]").count() == 0
    links = shown.locator("a[href]").evaluate_all(
        "all => all.map(a => [a.getAttribute('href'), a.rel, a.target])"
    )
    assert {link[0] for link in links} == {"https://evil.example/pixel.png", "https://example.org/"}
    assert {(link[1], link[2]) for link in links} == {("noopener noreferrer nofollow", "_blank")}
    expect(shown.get_by_text("☐ open task")).to_be_visible()
    expect(shown.get_by_text("☑ done task")).to_be_visible()


def test_a_result_is_read_copied_and_saved(visit: Visit, web: RunningService, smelt: dict[str, Any]) -> None:
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.sign_in(web.cast.ada, f"#/smelts/{smelt['id']}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download all (zip)").click()
    assert saved.value.suggested_filename == "talk.wav.zip"
    page.get_by_role("link", name="Summary").click()
    page.get_by_role("button", name="Copy").click()
    with web.client(web.cast.ada) as client:
        markdown = client.get(f"/v1/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}").text
    assert page.evaluate("navigator.clipboard.readText()") == markdown
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download .md").click()
    assert saved.value.path().read_text() == markdown


def test_a_word_is_clicked_to_hear_it_and_lit_while_it_is_spoken(
    visit: Visit, web: RunningService, smelt: dict[str, Any]
) -> None:
    page = visit.page
    visit.sign_in(web.cast.ada, f"#/smelts/{smelt['id']}")
    page.get_by_role("link", name="Listen and read").click()
    words = page.locator(".segment [data-start]:not(button)")
    words.nth(4).wait_for()
    start = float(words.nth(4).get_attribute("data-start") or "")
    words.nth(4).click()
    page.wait_for_function("start => document.querySelector('audio').currentTime > start", arg=start)
    page.wait_for_function("() => document.querySelector('.lit') !== null")
    assert page.evaluate("document.querySelector('audio').paused") is False
    lit = page.evaluate("Number(document.querySelector('.lit').dataset.start)")
    assert lit >= start
    page.locator(".segments").focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('audio').paused")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('audio').currentTime < 5")


def long_transcript() -> str:
    words = ["Ann", "ships", "the", "report", "on", "Friday", "and", "Bob", "books", "rooms"]
    segments = [
        {"id": n, "start": n * 3.0, "end": n * 3.0 + 2.9, "text": f"{' '.join(words)} {n}"}
        for n in range(LONG)
    ]
    spoken = [
        {"start": n * 3.0 + 0.25 * k, "end": n * 3.0 + 0.25 * k + 0.2, "word": word}
        for n in range(LONG)
        for k, word in enumerate([*words, str(n)])
    ]
    return json.dumps(
        {
            "language": "en",
            "duration_seconds": LONG * 3.0,
            "text": "",
            "segments": segments,
            "words": spoken,
            "unheard": [],
            "warnings": [],
        }
    )


def open_long(visit: Visit, web: RunningService, smelt: dict[str, Any]) -> Page:
    page = visit.page
    page.route(
        re.compile("/transcript\\?format=json"),
        lambda route: route.fulfill(body=long_transcript(), content_type="application/json"),
    )
    visit.sign_in(web.cast.ada, f"#/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}")
    page.locator(".segment").first.wait_for()
    return page


def test_what_is_sought_is_found_in_a_long_transcript(
    visit: Visit, web: RunningService, smelt: dict[str, Any]
) -> None:
    page = open_long(visit, web, smelt)
    page.get_by_label("Search").fill("rooms 64")
    expect(page.get_by_text("1 of 111")).to_be_visible()
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("2 of 111")).to_be_visible()
    expect(page.locator(".found")).to_contain_text("640")
    assert page.locator(".segment").count() < 100


def test_a_long_transcript_scrolls_without_a_stutter(
    visit: Visit, web: RunningService, smelt: dict[str, Any]
) -> None:
    """From one end to the other in three seconds. What a frame takes of the processor is the page's matter; how many
    there are in a second, printed, is the machine's too.
    """
    page = open_long(visit, web, smelt)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    before = worked()
    times = page.evaluate(SCROLL)
    took = 1000 * (worked() - before) / len(times)
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    rate, slow = 1000 * len(gaps) / sum(gaps), gaps[int(len(gaps) * 0.95)]
    print(f"{took:.1f} ms of work a frame; {rate:.1f} frames a second, 95th percentile {slow:.1f} ms")
    assert took < 1000 / 60


EVIL = '<img src=x onerror="window.ran=1">'
CALL = Transcript(
    (Segment(0.5, 1.5, f"{EVIL} Ann ships.", speaker="S1"), Segment(2.0, 3.0, "Bob books.", speaker="S2")),
    language="en",
    duration_seconds=3.5,
)


def test_speakers_are_named_and_renamed_and_a_hostile_transcript_runs_nothing(
    alone: Visit, api: RunningApi, cast: Cast
) -> None:
    page = alone.page
    with api.client(cast.ada.headers) as client:
        files: list[tuple[str, Any]] = [
            ("files", ("call.wav", recording("stereo.wav"))),
            ("channels", (None, "separate")),
        ]
        smelt = client.post("/v1/smelts", files=files).raise_for_status().json()
        do_all_work(api.settings, CALL)
        at = f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}"
        alone.sign_in(cast.ada, f"#/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}")
        speakers = page.locator(".segment .speaker")
        expect(speakers).to_have_text(["S1", "S2"])
        expect(page.locator(".segment").first).to_contain_text(EVIL)
        page.get_by_text("Speakers", exact=True).click()
        for first, expected in (("Zoe", "Zoe"), (EVIL, EVIL), ("", "S1")):
            page.get_by_label("Speaker S1").fill(first)
            page.get_by_role("button", name="Save").click()
            expect(speakers).to_have_text([expected, "S2"])
        page.get_by_label("Speaker S2").fill("Bob")
        page.get_by_role("button", name="Save").click()
        expect(speakers).to_have_text(["S1", "Bob"])
        assert [one["name"] for one in client.get(f"{at}/speakers").json()["speakers"]] == [None, "Bob"]
    assert page.evaluate("window.ran") is None
    assert page.locator(".segment img").count() == 0
