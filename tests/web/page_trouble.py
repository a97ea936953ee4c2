"""What goes wrong around the page: sessions that end, a service that is away or busy, other tabs, and hasty fingers."""

import re
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.conftest import RunningApi
from tests.support.cast import Cast, User
from tests.support.running import RunningService
from tests.web.conftest import NOTE, Visit, admin, choose, hold_the_post, visiting
from tests.web.page_watch import post

ENDED = "Your session has ended"
SEEN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def posted_smelts(page: Page) -> list[str]:
    posts: list[str] = []
    page.on(
        "request",
        lambda request: (
            posts.append(request.url)
            if request.method == "POST" and request.url.endswith("/v1/smelts")
            else None
        ),
    )
    return posts


def sign_in_again(page: Page, user: User) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").fill(user.token)
    page.get_by_role("button", name="Sign in with the token").click()
    page.get_by_role("button", name="Sign out").wait_for()


def text_of(api: RunningApi, user: User) -> str:
    """The id of a smelt of a text, which nobody works on."""
    body = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
    with api.client(user.headers) as client:
        return str(client.post("/v1/smelts", json=body).raise_for_status().json()["id"])


def test_nothing_is_sent_once_the_cookie_is_gone_and_what_was_chosen_stays(alone: Visit, cast: Cast) -> None:
    """Sent without it, it would be a visitor's smelt, which nobody could open."""
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    page.get_by_label("Action items").check()
    posts = posted_smelts(page)
    page.context.clear_cookies()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text(ENDED)
    assert posts == []
    sign_in_again(page, cast.ada)
    expect(page.get_by_text("notes.md")).to_be_visible()
    expect(page.get_by_label("Action items")).to_be_checked()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="notes.md").first.wait_for()


@pytest.mark.parametrize("view", ["", "smelts", "library", "account", "smelts/{id}"])
def test_every_view_tells_that_the_session_has_ended(
    alone: Visit, api: RunningApi, cast: Cast, view: str
) -> None:
    alone.sign_in(cast.ada, "#/account" if view != "account" else "#/smelts")
    alone.page.get_by_role("heading", name="Account" if view != "account" else "History").wait_for()
    alone.page.context.clear_cookies()
    alone.go(f"#/{view.format(id=text_of(api, cast.ada))}")
    expect(alone.page.get_by_role("alert").first).to_contain_text(ENDED)
    expect(alone.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_who_signs_in_sees_what_was_asked_for(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    page.goto(f"{alone.address}/#/smelts/{text_of(api, cast.ada)}")
    expect(page.get_by_text("There is no such smelt of yours.")).to_be_visible()
    sign_in_again(page, cast.ada)
    expect(page.get_by_role("heading", level=1)).to_have_text("text-1.txt")


def test_another_tab_signs_in_somebody_else(alone: Visit, cast: Cast) -> None:
    alone.sign_in(cast.ada, "#/smelts")
    expect(alone.page.get_by_text(cast.ada.email)).to_be_visible()
    with visiting(alone.page.context, alone.address) as other:
        other.sign_in(cast.bob)
    alone.page.evaluate(SEEN_AGAIN)
    expect(alone.page.get_by_text(cast.bob.email)).to_be_visible()


def test_a_smelt_that_another_tab_deletes_while_it_is_watched_is_gone(
    alone: Visit, api: RunningApi, cast: Cast
) -> None:
    smelt_id = text_of(api, cast.ada)
    alone.sign_in(cast.ada, f"#/smelts/{smelt_id}")
    expect(alone.page.get_by_role("heading", level=1)).to_have_text("text-1.txt")
    with api.client(cast.ada.headers) as client:
        assert client.delete(f"/v1/smelts/{smelt_id}").is_success
    expect(alone.page.get_by_text("There is no such smelt of yours.")).to_be_visible()


def test_a_deletion_that_is_seen_halfway_is_seen_whole(alone: Visit, api: RunningApi, cast: Cast) -> None:
    """It cancels first. A page that reads the smelt just then looks once more."""
    smelt_id = text_of(api, cast.ada)
    alone.sign_in(cast.ada, f"#/smelts/{smelt_id}")
    expect(alone.page.get_by_role("heading", level=1)).to_have_text("text-1.txt")
    reads: list[int] = []
    with api.client(cast.ada.headers) as client:

        def read(route: Route) -> None:
            response = route.fetch()
            reads.append(response.status)
            route.fulfill(response=response)
            if len(reads) == 1:
                assert client.delete(f"/v1/smelts/{smelt_id}").is_success

        alone.page.route(f"**/v1/smelts/{smelt_id}", read)
        assert client.post(f"/v1/smelts/{smelt_id}/cancel").is_success
        expect(alone.page.get_by_text("There is no such smelt of yours.")).to_be_visible()
    assert reads == [200, 404]


def test_content_that_another_tab_deletes_is_no_longer_offered(visit: Visit, web: RunningService) -> None:
    page = visit.page
    with web.client(web.cast.bob) as client:
        body = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
        smelt = web.finished(client, client.post("/v1/smelts", json=body).raise_for_status().json()["id"])
        visit.sign_in(web.cast.bob, f"#/smelts/{smelt['id']}")
        expect(page.get_by_role("link", name="Summary")).to_be_visible()
        assert client.delete(f"/v1/smelts/{smelt['id']}/content").is_success
    page.evaluate(SEEN_AGAIN)
    expect(page.get_by_text("The content has been deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Summary")).to_have_count(0)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": 503, "json": {"code": "busy"}, "headers": {"Retry-After": "1"}}, id="busy"),
        pytest.param(
            {"status": 429, "json": {"code": "too_many_requests"}, "headers": {"Retry-After": "1"}}, id="rate"
        ),
        pytest.param({"status": 502, "body": "<h1>Bad gateway</h1>"}, id="proxy"),
        pytest.param(None, id="cut"),
    ],
)
def test_what_was_away_is_asked_again(
    alone: Visit, api: RunningApi, cast: Cast, answer: dict[str, Any] | None
) -> None:
    """A view, a followed smelt, and a post."""
    page = alone.page
    smelt_id = text_of(api, cast.ada)

    def away(route: Route) -> None:
        route.abort() if answer is None else route.fulfill(**answer)

    alone.sign_in(cast.ada)
    page.route("**/v1/profile", away, times=1)
    alone.go("#/account")
    expect(page.locator("section", has_text="Usage").get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("credits left")).to_be_visible()
    page.route(f"**/v1/smelts/{smelt_id}", away, times=1)
    alone.go(f"#/smelts/{smelt_id}")
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("text-1.txt")
    alone.go("#/")
    choose(page, NOTE)
    page.route("**/v1/smelts", away, times=1)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sending again" if answer is None else "The service is busy")).to_be_visible()
    page.get_by_role("heading", level=1, name="notes.md").wait_for()


def test_sending_goes_on_once_the_browser_is_online_again(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.context.set_offline(True)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("You are offline. It goes on once you are back.")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("heading", level=1, name="notes.md").wait_for()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_sending_stops_at_once_while_it_waits(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    busy = {"status": 503, "json": {"code": "busy"}, "headers": {"Retry-After": "600"}}
    page.route("**/v1/smelts", lambda route: route.fulfill(**busy))
    page.get_by_role("button", name="Send").click()
    page.get_by_text("The service is busy. Trying again in 600 s.").wait_for()
    page.get_by_role("button", name="Stop sending").click()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_enabled()


def test_a_long_wait_is_told_in_hours(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    refused = {"code": "credits_exhausted", "detail": "No credits left."}
    headers = {"Retry-After": "90000"}
    page.route("**/v1/smelts", lambda route: route.fulfill(status=429, json=refused, headers=headers))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("No credits left. Try again in 1 d 1 h.")


def test_the_page_waits_for_a_service_that_is_away_when_it_is_opened(alone: Visit) -> None:
    page = alone.page
    page.route("**/v1/session", lambda route: route.abort(), times=1)
    page.goto(alone.address)
    expect(page.get_by_role("alert")).to_contain_text("can't be reached")
    expect(page.get_by_role("heading", name="New smelt")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_signing_out_that_does_not_get_through_says_so(alone: Visit, cast: Cast) -> None:
    alone.sign_in(cast.ada)
    alone.page.route("**/v1/session", lambda route: route.abort(), times=1)
    alone.page.get_by_role("button", name="Sign out").click()
    expect(alone.page.get_by_role("alert")).to_contain_text("can't be reached")
    expect(alone.page.get_by_text(cast.ada.email)).to_be_visible()


def test_a_smelt_is_followed_on_after_the_api_died(
    visit: Visit,
    web: RunningService,
    paused: None,
) -> None:
    page = visit.page
    visit.sign_in(web.cast.bob, f"#/smelts/{post(web)}")
    expect(page.get_by_text("paused by the operator").first).to_be_visible()
    port = int(re.findall(r":(\d+)$", web.service.address)[0])
    [listening] = {
        found.pid
        for found in psutil.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port
    }
    assert listening is not None
    psutil.Process(listening).kill()
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    expect(page.get_by_text("The connection is lost.")).to_have_count(0)
    admin(web, "resume")
    expect(page.get_by_role("link", name="Summary")).to_be_visible()


def test_send_is_pressed_twice_and_sends_once(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.evaluate("for (const _ of '12') document.querySelector('form.new').requestSubmit()")
    page.get_by_role("heading", level=1, name="notes.md").wait_for()
    with api.client(cast.ada.headers) as client:
        assert len(client.get("/v1/smelts").json()["items"]) == 1


def test_save_is_pressed_twice_and_saves_once(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada, "#/library")
    page.get_by_role("button", name="New prompt").click()
    page.get_by_label("Title").fill("Once")
    page.get_by_label("Instructions").fill("Do it once.")
    page.get_by_role("button", name="Save").dblclick()
    expect(page.get_by_role("button", name="Edit Once")).to_have_count(1)
    with api.client(cast.ada.headers) as client:
        assert len(client.get("/v1/prompts").json()["items"]) == 1


def test_sending_goes_on_while_the_reader_looks_elsewhere(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada, "#/library")
    alone.go("#/")
    choose(page, NOTE)
    held = hold_the_post(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Sending", exact=True).or_(page.get_by_text("Sent; waiting")).first.wait_for()
    page.go_back()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.get_by_role("link", name="Sending,").click()
    expect(page.get_by_text("notes.md")).to_be_visible()
    alone.go("#/library")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    held[0].continue_()
    page.get_by_role("status").get_by_role("link", name="notes.md").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.md")
    expect(page.get_by_text("Sent:")).to_have_count(0)


def test_a_question_goes_with_what_it_was_about(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    smelt_id = text_of(api, cast.ada)
    alone.sign_in(cast.ada, "#/smelts")
    page.get_by_role("link", name="text-1.txt").click()
    page.get_by_role("button", name="Delete now").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()
    with api.client(cast.ada.headers) as client:
        assert client.get(f"/v1/smelts/{smelt_id}").json()["status"] == "pending"


def test_a_machine_token_uses_the_page_but_does_not_manage_the_account(
    alone: Visit, api: RunningApi, cast: Cast
) -> None:
    page = alone.page
    with api.client(cast.ada.headers) as client:
        made = client.post("/v1/tokens", json={"name": "page"}).raise_for_status().json()
        page.goto(alone.address)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("Token").fill(made["token"])
        page.get_by_role("button", name="Sign in with the token").click()
        page.get_by_role("link", name="Account").click()
        expect(page.get_by_text("A machine token can't manage the account.")).to_be_visible()
        for name in ("Make a token", "Make a new secret", "Delete the account", "Check and store it"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_text("credits left")).to_be_visible()
        expect(page.get_by_text("None yet.")).to_be_visible()  # all has been asked for
        client.delete(f"/v1/tokens/{made['id']}").raise_for_status()
    alone.go("#/smelts")
    expect(page.get_by_role("alert").first).to_contain_text(ENDED)


def test_the_next_user_finds_nothing_of_the_one_before(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, NOTE)
    expect(page.get_by_text("notes.md")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_text("notes.md")).to_have_count(0)
