"""History, library and account: found again, put in order, and managed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import FilePayload, expect
from standardwebhooks import Webhook

from deploy.local_users import ensure_local_user, mint
from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.support import llm_server
from tests.support.cast import Cast, User
from tests.support.in_process_worker import do_all_work
from tests.support.receiver import receiving
from tests.support.running import RunningService
from tests.support.waiting import wait_until
from tests.web.conftest import Visit


def test_history_is_filtered_and_its_content_deleted(visit: Visit, web: RunningService) -> None:
    ids = []
    with web.client(web.cast.ada) as client:
        for name in ("first.txt", "second.txt"):
            texts = [{"filename": name, "text": "Ann ships on Friday."}]
            body = {"texts": texts, "default_prompt_names": ["summarize"]}
            ids.append(client.post("/v1/smelts", json=body).raise_for_status().json()["id"])
            web.finished(client, ids[-1])
    page = visit.page
    visit.sign_in(web.cast.ada, "#/smelts")
    expect(page.get_by_role("link", name="first.txt")).to_be_visible()
    expect(page.get_by_text("deleted in").first).to_be_visible()
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.get_by_label("State").select_option("completed")
    expect(page.get_by_role("link", name="first.txt")).to_be_visible()
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    page.get_by_label("From").fill(tomorrow)
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_role("button", name="Delete now: first.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.locator(".receipt")).to_contain_text("and the key destroyed at")
    with web.client(web.cast.ada) as client:
        output = client.get(f"/v1/smelts/{ids[0]}").json()["outputs"][0]["id"]
        assert client.get(f"/v1/smelts/{ids[0]}/outputs/{output}").json()["code"] == "content_expired"


def titles(web: RunningService, user: User) -> list[str]:
    with web.client(user) as client:
        return [prompt["title"] for prompt in client.get("/v1/prompts").json()["items"]]


def test_prompts_are_written_ordered_brought_in_and_used(visit: Visit, web: RunningService) -> None:
    page = visit.page
    ada = web.cast.ada
    visit.sign_in(ada, "#/library")
    page.get_by_role("button", name="New section").click()
    page.get_by_label("Title").fill("Work")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Work")).to_be_visible()
    for title in ("One", "Two"):
        page.get_by_role("button", name="New prompt").click()
        page.get_by_label("Title").fill(title)
        page.get_by_label("Instructions").fill(f"Do {title}.")
        page.get_by_label("Section").select_option("Work")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("button", name=f"Edit {title}", exact=True)).to_be_visible()
    third = {"name": "three.md", "mimeType": "text/markdown", "buffer": b"# Three\n\nDo three."}
    page.locator("input[type=file]").set_input_files(third)  # type: ignore[arg-type]
    expect(page.get_by_role("button", name="Edit Three")).to_be_visible()
    assert titles(web, ada) == ["Three", "One", "Two"]
    page.get_by_role("button", name="Move Two up").click()
    expect(page.get_by_role("button", name="Move Two up")).to_be_disabled()
    assert titles(web, ada) == ["Three", "Two", "One"]
    page.locator("li", has_text="Three").drag_to(page.locator("li", has_text="One"))
    expect(page.locator("section", has_text="Work").locator("li", has_text="Three")).to_be_visible()
    assert titles(web, ada) == ["Two", "Three", "One"]
    page.get_by_role("button", name="Edit One", exact=True).click()
    page.get_by_label("Title").fill("Only")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit Only")).to_be_visible()
    assert titles(web, ada) == ["Two", "Three", "Only"]
    page.get_by_role("button", name="Delete Two").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_role("button", name="Edit Two")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export all").click()
    assert "# Three\n\nDo three." in saved.value.path().read_text()
    page.get_by_role("link", name="New", exact=True).click()
    expect(page.get_by_label("Prompt of your own").locator("optgroup[label=Work] option")).to_have_count(2)


def test_sections_are_put_in_order_by_dragging_and_by_keyboard(
    alone: Visit, api: RunningApi, cast: Cast
) -> None:
    page = alone.page

    def in_order() -> list[str]:
        with api.client(cast.bob.headers) as client:
            return [section["title"] for section in client.get("/v1/prompt-sections").json()["items"]]

    with api.client(cast.bob.headers) as client:
        for title in ("Alpha", "Beta", "Gamma"):
            client.post("/v1/prompt-sections", json={"title": title}).raise_for_status()
    alone.sign_in(cast.bob, "#/library")
    heads = page.locator(".shelf-head h2")
    expect(heads).to_have_text(["Alpha", "Beta", "Gamma"])
    heads.nth(2).drag_to(heads.nth(0))
    expect(heads).to_have_text(["Gamma", "Alpha", "Beta"])
    heads.nth(0).drag_to(heads.nth(1))
    expect(heads).to_have_text(["Alpha", "Gamma", "Beta"])
    assert in_order() == ["Alpha", "Gamma", "Beta"]
    heads.nth(1).drag_to(heads.nth(1))  # onto itself
    up, down = (page.get_by_role("button", name=f"Move Beta {way}") for way in ("up", "down"))
    up.focus()
    page.keyboard.press("Enter")
    expect(heads).to_have_text(["Alpha", "Beta", "Gamma"])
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(heads).to_have_text(["Beta", "Alpha", "Gamma"])
    expect(down).to_be_focused()  # it is the first
    page.keyboard.press("Enter")
    expect(heads).to_have_text(["Alpha", "Beta", "Gamma"])
    assert in_order() == ["Alpha", "Beta", "Gamma"]


def test_tokens_and_secrets_are_shown_once_and_revoked(visit: Visit, web: RunningService) -> None:
    page = visit.page
    visit.sign_in(web.cast.ada, "#/account")
    page.get_by_label("Name").fill("batch")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    token = page.locator(".secret code").inner_text()
    with web.client() as client:
        assert client.get("/v1/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    page.get_by_role("button", name="Revoke batch").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_role("button", name="Revoke batch")).to_have_count(0)
    with web.client() as client:
        assert client.get("/v1/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    page.get_by_role("button", name="Make a new secret").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_text("whsec_")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export what is stored of you").click()
    assert '"tables"' in saved.value.path().read_text()


def test_an_account_is_deleted_after_asking_twice(visit: Visit, web: RunningService) -> None:
    page = visit.page
    dora = one_more(web, "dora@example.org")
    visit.sign_in(dora, "#/account")
    page.get_by_role("button", name="Delete the account").click()
    sure = page.locator("form", has_text="Type “delete” to confirm")
    expect(sure.get_by_role("button", name="Delete the account")).to_be_disabled()
    sure.get_by_label("Type “delete” to confirm").fill("delete")
    sure.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    with web.client(dora) as client:
        assert client.get("/v1/profile").status_code == 401


def one_more(web: RunningService, email: str) -> User:
    """A user beside the cast."""
    user_id = ensure_local_user(web.service.owner_url, email)
    token = mint(web.settings.need("jwt_secret"), web.settings.jwt_audience, user_id, email)
    return User(user_id, email, token)


def delivered(client: httpx.Client) -> list[str]:
    return [one["status"] for one in client.get("/v1/webhook-deliveries").json()["items"]]


def test_webhooks_have_a_log_and_are_sent_again(visit: Visit, web: RunningService) -> None:
    page, user = visit.page, one_more(web, "hook@example.org")
    visit.sign_in(user, "#/account")
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("button", name="Make a new secret").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    secret = page.locator(".secret code").inner_text()
    with receiving() as receiver, web.client(user) as client:
        body = {"texts": ["Ann ships."], "default_prompt_names": ["summarize"], "webhook_url": receiver.url}
        smelt = client.post("/v1/smelts", json=body).raise_for_status().json()
        web.finished(client, smelt["id"])
        wait_until(lambda: [status for status in delivered(client) if status == "completed"], 60)
        page.reload()
        row = page.locator("li", has_text="smelt.completed")
        expect(row).to_contain_text("done (204)")
        row.get_by_role("button", name="Send again: smelt.completed").click()
        wait_until(lambda: len(receiver.received) == 2, 60)
        first, second = (received.headers["webhook-id"] for received in receiver.received)
        assert first == second
        for received in receiver.received:
            Webhook(secret).verify(received.body, received.headers)
        row.get_by_role("link", name="smelt.completed").click()
        expect(page.get_by_role("link", name="Summary")).to_be_visible()


KEY = "sk-planted-key-of-ada-7Q2w"


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    with llm_server.running() as provider:
        provider.api_key = KEY
        yield settings.model_copy(
            update={"user_key_base_url": provider.url, "rate_key_checks": 1_000, "weekly_credits": 100}
        )


def test_credits_and_their_reset_are_shown_and_an_own_key_needs_none(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada, "#/account")
    expect(
        page.get_by_text(re.compile(r"^\d+ of \d+ credits left, full again \d+ \w+ 20\d\d"))
    ).to_be_visible()
    expect(page.get_by_text("No key is stored.")).to_be_visible()
    page.get_by_label("API key").fill("sk-another-key-that-is-wrong")
    page.get_by_role("button", name="Check and store it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Check and store it").click()
    expect(page.get_by_text("The key works. It ends in 7Q2w.")).to_be_visible()
    expect(page.get_by_text("No credits needed.")).to_be_visible()
    assert KEY not in page.content()
    page.get_by_role("button", name="Remove the key").click()
    expect(page.get_by_text("No key is stored.")).to_be_visible()
    expect(page.get_by_text("credits left")).to_be_visible()


def test_a_prompt_is_taken_out_and_brought_in_the_same(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    texts = {"Brief": "Three lines.", "Minutes": "# Another heading\n\nWho said what."}
    with api.client(cast.ada.headers) as client:
        for title, body in texts.items():
            client.post("/v1/prompts", json={"title": title, "body": body}).raise_for_status()
        alone.sign_in(cast.ada, "#/library")
        for title in texts:
            row = page.locator("li", has=page.get_by_role("button", name=f"Edit {title}"))
            with page.expect_download() as saved:
                row.get_by_role("button", name="Export .md").click()
            assert saved.value.suggested_filename == f"{title}.md"
            content = saved.value.path().read_bytes()
            brought = {"name": f"{title}.md", "mimeType": "text/markdown", "buffer": content}
            page.locator("input[type=file]").set_input_files(brought)  # type: ignore[arg-type]
            expect(page.get_by_role("button", name=f"Edit {title}")).to_have_count(2)
        bad: list[FilePayload] = [{"name": "blank.md", "mimeType": "text/markdown", "buffer": b" "}]
        page.locator("input[type=file]").set_input_files(bad)
        expect(page.get_by_role("alert")).to_contain_text("blank.md: ")


def test_a_library_is_taken_out_and_brought_in_whole(alone: Visit, api: RunningApi, cast: Cast) -> None:
    """By another user, who has one of its sections already."""
    page = alone.page

    def library(client: httpx.Client) -> list[tuple[str, str | None]]:
        sections = {one["id"]: one["title"] for one in client.get("/v1/prompt-sections").json()["items"]}
        prompts = client.get("/v1/prompts").json()["items"]
        return [(prompt["title"], sections.get(prompt["section_id"])) for prompt in prompts]

    with api.client(cast.ada.headers) as ada, api.client(cast.bob.headers) as bob:
        work, odd = (
            ada.post("/v1/prompt-sections", json={"title": title}).raise_for_status().json()["id"]
            for title in ("Work", "A --> <b>")
        )
        for title, section in (("Loose", None), ("Minutes", work), ("Letter", work), ("Odd", odd)):
            body = {"title": title, "body": f"Do it.\n\n## {title}", "section_id": section}
            ada.post("/v1/prompts", json=body).raise_for_status()
        bob.post("/v1/prompt-sections", json={"title": "Work"}).raise_for_status()
        alone.sign_in(cast.ada, "#/library")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Export all").click()
        file: FilePayload = {
            "name": "prompts.md",
            "mimeType": "text/markdown",
            "buffer": saved.value.path().read_bytes(),
        }
        page.get_by_role("button", name="Sign out").click()
        alone.sign_in(cast.bob, "#/library")
        expect(page.get_by_role("heading", name="Work")).to_be_visible()
        page.locator("input[type=file]").set_input_files(file)
        expect(page.get_by_role("button", name="Edit Odd")).to_be_visible()
        assert library(bob) == library(ada)
        assert library(bob)[-1] == ("Odd", "A --> <b>")


def test_the_deadline_is_counted_down(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    with api.client(cast.ada.headers) as client:
        body = {"texts": ["Ann ships."], "default_prompt_names": ["summarize"]}
        smelt = client.post("/v1/smelts", json=body).raise_for_status().json()
        do_all_work(api.settings)
        ends = datetime.fromisoformat(client.get(f"/v1/smelts/{smelt['id']}").json()["content_expires_at"])
    page.clock.install()
    alone.sign_in(cast.ada, "#/smelts")
    countdown = page.locator("time[datetime]").last
    expect(countdown).to_have_text(re.compile(r"deleted in \d+ (h \d+ min|d \d+ h)"))
    before = countdown.inner_text()
    left = (ends - datetime.now(UTC)).total_seconds()
    page.clock.fast_forward(int(left - 30) * 1_000)
    expect(countdown).to_have_text(re.compile(r"deleted in \d+ s"))
    assert countdown.inner_text() != before
    page.clock.fast_forward(60_000)
    expect(countdown).to_have_text("The content has been deleted.")


def test_a_long_history_is_shown_page_by_page(alone: Visit, api: RunningApi, cast: Cast) -> None:
    page = alone.page
    with api.client(cast.ada.headers) as client:
        for number in range(27):
            texts = [{"filename": f"note {number}.txt", "text": "Ann ships."}]
            body = {"texts": texts, "default_prompt_names": ["summarize"]}
            client.post("/v1/smelts", json=body).raise_for_status()
    alone.sign_in(cast.ada, "#/smelts")
    expect(page.locator(".rows > li")).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".rows > li")).to_have_count(27)
    expect(page.get_by_role("link", name="note 0.txt")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
