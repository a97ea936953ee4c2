"""Sending: parts are checked first, progress is shown, and what broke is sent again."""

import json
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Route, expect
from sqlalchemy import text

from db.session import Database
from tests.recordings import FOLDER
from tests.support.cast import Cast
from tests.support.running import RunningService
from tests.web.conftest import NOTE, Visit, choose, drop


def test_a_recording_and_a_text_are_sent_watched_and_listed(
    visit: Visit, web: RunningService, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("Bob must call the bank on Friday.")
    page = visit.page
    visit.sign_in(web.cast.ada)
    choose(page, str(FOLDER / "speech.mp3"), str(notes))
    expect(page.get_by_text("2 parts").first).to_be_visible()
    expect(page.get_by_text("58 kB, 9 s").or_(page.get_by_text("58 kB, 10 s"))).to_be_visible()
    page.get_by_label("All together").check()
    page.get_by_label("Action items").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="speech.mp3 and 1 more").wait_for()
    expect(page.get_by_role("link", name="Action items")).to_be_visible()
    expect(page.get_by_role("link", name="Summary")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("link", name="speech.mp3")).to_be_visible()


def test_parts_that_cannot_be_taken_are_told_before_anything_is_sent(
    visit: Visit, web: RunningService
) -> None:
    page = visit.page
    visit.sign_in(web.cast.ada)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    large: FilePayload = {"name": "large.txt", "mimeType": "text/plain", "buffer": b"x" * 2_100_000}
    picture: FilePayload = {"name": "photo.png", "mimeType": "image/png", "buffer": b"x"}
    empty: FilePayload = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    choose(page, large, picture, empty, {**NOTE, "name": ".DS_Store"})
    for said in (
        "Larger than 2 MB, the most for a text.",
        "Neither a recording nor a text.",
        "The file is empty.",
    ):
        expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("1 hidden file was left out.")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    for name in ("large.txt", "photo.png", "empty.txt"):
        page.get_by_role("button", name=f"Remove {name}").click()
    choose(page, NOTE)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert [url for url in posts if url.endswith("/v1/smelts")] == []


def test_what_the_service_refuses_is_told_beside_its_part(visit: Visit, web: RunningService) -> None:
    page = visit.page
    visit.sign_in(web.cast.ada)
    choose(page, NOTE, {"name": "talk.mp3", "mimeType": "audio/mpeg", "buffer": b"%PDF-1.4 no recording"})
    page.get_by_role("button", name="Send").click()
    expect(page.locator("li", has_text="talk.mp3")).to_contain_text("not supported")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()


def test_a_broken_connection_is_tried_again_under_the_same_key(visit: Visit, web: RunningService) -> None:
    page = visit.page
    visit.sign_in(web.cast.bob)
    with web.client(web.cast.bob) as client:
        before = len(client.get("/v1/smelts").json()["items"])
    keys: list[str | None] = []

    def break_once(route: Route) -> None:
        keys.append(route.request.header_value("Idempotency-Key"))
        if len(keys) == 1:
            # It has been taken in, and the reply is lost.
            reply = route.fetch()
            assert reply.status == 202, json.dumps(reply.json())
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(
        "**/v1/smelts",
        lambda route: break_once(route) if route.request.method == "POST" else route.continue_(),
    )
    choose(page, NOTE)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Summary").wait_for()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    with web.client(web.cast.bob) as client:
        assert len(client.get("/v1/smelts").json()["items"]) == before + 1


def test_what_was_stopped_before_its_answer_is_not_taken_twice_when_it_is_sent_again(
    alone: Visit, cast: Cast, database: Database
) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)

    taken: list[int] = []

    def lose_the_reply(route: Route) -> None:
        taken.append(route.fetch().status)
        route.abort("connectionreset")

    page.route("**/v1/smelts", lose_the_reply)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("The connection broke.").wait_for()
    page.get_by_role("button", name="Stop sending").click()
    page.get_by_role("button", name="Send").wait_for()
    page.unroute("**/v1/smelts")
    assert taken[0] == 202
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.md")
    with database.service() as conn:
        assert conn.execute(text("select count(*) from smelts")).scalar_one() == 1


def test_folders_dropped_anywhere_are_taken_whole(visit: Visit, web: RunningService, tmp_path: Path) -> None:
    (tmp_path / "trip" / "day 1").mkdir(parents=True)
    (tmp_path / "trip" / "a.txt").write_text("One.")
    (tmp_path / "trip" / "day 1" / "b.txt").write_text("Two.")
    page = visit.page
    visit.sign_in(web.cast.ada)
    page.get_by_role("button", name="Send").wait_for()
    drop(page, tmp_path / "trip")
    expect(page.get_by_text("2 parts").first).to_be_visible()
    expect(page.get_by_text("b.txt")).to_be_visible()


def test_how_fast_it_goes_and_what_is_left_is_told_while_it_is_sent(
    alone: Visit, cast: Cast, tmp_path: Path
) -> None:
    """At 200 kB a second."""
    page = alone.page
    large = tmp_path / "large.txt"
    large.write_text("Ann ships on Friday. " * 60_000)
    alone.sign_in(cast.ada)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    session.send("Network.emulateNetworkConditions", slow)
    choose(page, str(large))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text(re.compile(r"^[\d.]+ kB/s, \d s left$"))).to_be_visible()
    bar = page.get_by_role("progressbar", name="Sending large.txt")
    page.wait_for_function("bar => bar.value > 0.3 && bar.value < 1", arg=bar.element_handle())
    page.get_by_role("heading", level=1, name="large.txt").wait_for()


def test_what_is_chosen_is_what_is_asked_for(alone: Visit, cast: Cast, database: Database) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, str(FOLDER / "stereo.wav"), str(FOLDER / "speech.mp3"))
    page.get_by_label("Summary").uncheck()
    page.get_by_label("Action items").check()
    page.get_by_label("All together").check()
    page.get_by_text("More options").click()
    page.get_by_label("Spoken language").select_option("German")
    page.get_by_label("Each channel is a speaker").check()
    expect(page.get_by_label("Tell speakers apart")).to_be_disabled()
    page.get_by_label("Names and terms").fill("Lenggries")
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1, name="stereo.wav and 1 more").wait_for()
    with database.service() as conn:
        row = conn.execute(text("select mode, language, channels, speakers from smelts")).one()
        prompts = conn.execute(text("select distinct default_prompt_name from smelt_outputs")).scalars().all()
    assert tuple(row) == ("combine", "de", "separate", False)
    assert prompts == ["action_items"]


def test_a_reload_finds_what_was_accepted(alone: Visit, cast: Cast) -> None:
    """Also where the page was reloaded before it was told so."""
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)

    def lose_the_reply(route: Route) -> None:
        status = route.fetch().status
        page.evaluate("status => { document.body.dataset.answered = status; }", status)

    page.route("**/v1/smelts", lose_the_reply, times=1)
    page.get_by_role("button", name="Send").click()
    page.wait_for_function("() => document.body.dataset.answered === '202'")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="notes.md").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.md")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.md")
