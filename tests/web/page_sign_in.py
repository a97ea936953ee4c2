"""Signing in on the page: by a link, with a token, as a visitor; and what is left of it in the browser."""

from playwright.sync_api import expect

from tests.support.running import RunningService
from tests.web.conftest import NOTE, Visit, choose


def test_the_printed_link_signs_in_once_and_leaves_no_token_behind(visit: Visit, web: RunningService) -> None:
    page = visit.page
    visit.sign_in(web.cast.ada)
    expect(page.get_by_text(web.cast.ada.email)).to_be_visible()
    assert page.url == f"{visit.address}/"
    kept = page.evaluate("[{...localStorage}, {...sessionStorage}, document.cookie]")
    assert kept == [{}, {}, ""]
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/v1")
    page.reload()
    expect(page.get_by_text(web.cast.ada.email)).to_be_visible()


def test_a_used_link_says_so(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}/#ticket=used")
    expect(visit.page.get_by_role("alert")).to_contain_text("has been used")
    expect(visit.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_machine_token_is_pasted_in_and_signed_out_of(visit: Visit, web: RunningService) -> None:
    with web.client(web.cast.ada) as client:
        token = client.post("/v1/tokens", json={"name": "page"}).raise_for_status().json()["token"]
    page = visit.page
    page.goto(visit.address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").fill("smelt_wrong")
    page.get_by_role("button", name="Sign in with the token").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.context.cookies() == []


def test_what_needs_an_account_asks_for_it(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}/#/account")
    expect(visit.page.get_by_text("This is for signed-in users.")).to_be_visible()


def test_a_visitor_sends_one_text_and_reads_it_after_a_reload(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    page.get_by_role("button", name="Paste text").click()
    page.get_by_label("Text", exact=True).fill("Ann must call the printer by Friday.")
    page.get_by_role("button", name="Add the text").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Summary").wait_for()
    page.reload()
    page.get_by_role("link", name="Summary").click()
    expect(page.get_by_text("Ann must call the printer by Friday.")).to_be_visible()


def test_a_visitor_finds_their_smelt_again_and_is_not_let_send_another(alone: Visit) -> None:
    page = alone.page
    page.goto(alone.address)
    choose(page, NOTE, {**NOTE, "name": "more.md"})
    expect(page.get_by_role("alert")).to_have_text("At most 1 part at once. Sign in to send more.")
    page.get_by_role("button", name="Remove more.md").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1, name="notes.md").wait_for()
    page.goto("about:blank")
    page.goto(alone.address)
    expect(page.get_by_text("Nothing left until")).to_be_visible()
    choose(page, NOTE)
    expect(page.get_by_role("button", name="Remove notes.md")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    page.get_by_role("link", name="Your smelt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.md")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Remove from history").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_role("heading", name="New smelt")).to_be_visible()
    expect(page.get_by_role("link", name="Your smelt")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
