"""Watching: what waits says for what, the end comes by itself, and what was stopped is tried again."""

from typing import Any

import httpx
from playwright.sync_api import expect

from tests.api.conftest import RunningApi
from tests.recordings import recording
from tests.support.cast import Cast
from tests.support.running import RunningService
from tests.support.slow_speech import END, hearing, passage
from tests.web.conftest import Visit, admin

NOTE: dict[str, Any] = {
    "texts": ["Ann ships on Friday."],
    "default_prompt_names": ["summarize", "action_items"],
}


def post(web: RunningService) -> str:
    with web.client(web.cast.bob) as client:
        return str(client.post("/v1/smelts", json=NOTE).raise_for_status().json()["id"])


def test_what_is_held_says_so_and_ends_on_the_page_once_it_goes_on(
    visit: Visit, web: RunningService, paused: None
) -> None:
    page = visit.page
    visit.sign_in(web.cast.bob, f"#/smelts/{post(web)}")
    expect(page.get_by_text("paused by the operator").first).to_be_visible()
    admin(web, "resume")
    expect(page.get_by_role("link", name="Summary")).to_be_visible()
    expect(page.get_by_text("deleted in")).to_be_visible()


def test_a_smelt_is_canceled_tried_again_and_deleted_with_its_receipt(
    visit: Visit, web: RunningService, paused: None
) -> None:
    page = visit.page
    smelt_id = post(web)
    visit.sign_in(web.cast.bob, f"#/smelts/{smelt_id}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("canceled").first).to_be_visible()
    admin(web, "resume")
    page.get_by_role("button", name="Try again", exact=True).click()
    expect(page.get_by_role("link", name="Action items")).to_be_visible()
    page.get_by_role("button", name="Delete now").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Action items")).to_be_visible()
    page.get_by_role("button", name="Delete now").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_text("and the key destroyed at")).to_be_visible()
    page.get_by_role("button", name="Remove from history").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    with web.client(web.cast.bob) as client:
        assert client.get(f"/v1/smelts/{smelt_id}").status_code == httpx.codes.NOT_FOUND


def test_one_part_is_canceled_and_tried_again(visit: Visit, web: RunningService, paused: None) -> None:
    page = visit.page
    smelt_id = post(web)
    visit.sign_in(web.cast.bob, f"#/smelts/{smelt_id}")
    row = page.locator(".output").filter(has_text="Summary")
    row.get_by_role("button", name="Cancel: Summary, ").click()
    expect(row.get_by_text("canceled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel: Action items, ")).to_be_visible()
    row.get_by_role("button", name="Try again: Summary, ").click()
    expect(row.get_by_role("button", name="Cancel: Summary, ")).to_be_visible()
    admin(web, "resume")
    expect(page.get_by_role("link", name="Summary")).to_be_visible()
    expect(page.get_by_role("link", name="Action items")).to_be_visible()


def test_what_failed_says_why_in_words(visit: Visit, web: RunningService) -> None:
    with web.client(web.cast.bob) as client:
        files = {"files": ("broken.wav", b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40)}
        smelt_id = client.post("/v1/smelts", files=files).raise_for_status().json()["id"]
    visit.sign_in(web.cast.bob, f"#/smelts/{smelt_id}")
    expect(visit.page.locator(".row .failure")).to_contain_text("recording")
    expect(visit.page.get_by_role("button", name="Try again", exact=True)).to_be_visible()


def test_another_users_smelt_is_not_there(visit: Visit, web: RunningService) -> None:
    visit.sign_in(web.cast.ada, f"#/smelts/{post(web)}")
    expect(visit.page.get_by_text("There is no such smelt of yours.")).to_be_visible()


def test_a_recording_that_waits_tells_its_place_and_its_words_are_shown_as_they_are_heard(
    alone: Visit, api: RunningApi, cast: Cast
) -> None:
    page = alone.page
    with api.client(cast.ada.headers) as client:
        files = {"files": ("talk.wav", recording("speech.wav"))}
        first, second = (
            client.post("/v1/smelts", files=files).raise_for_status().json()["id"] for _ in range(2)
        )
    alone.sign_in(cast.ada, f"#/smelts/{second}")
    expect(page.get_by_text("place 2 in the queue")).to_be_visible()
    alone.go(f"#/smelts/{first}")
    expect(page.get_by_text("place 1 in the queue")).to_be_visible()
    with hearing(api.settings) as speech:
        expect(page.locator(".rows").get_by_text("hearing, 0 %")).to_be_visible()
        speech.says(passage(0, 1))
        heard = page.locator(".heard")
        expect(heard).to_have_text("Sentence number 0. Sentence number 1.")
        speech.says(passage(2, 3))
        expect(heard).to_have_text("Sentence number 1. Sentence number 2. Sentence number 3.")
        page.reload()
        expect(heard).to_have_text("Sentence number 1. Sentence number 2. Sentence number 3.")
        speech.says(END)
        expect(page.get_by_role("link", name="Listen and read")).to_be_visible()
        expect(heard).to_have_count(0)
