"""The page behind other people's things: below a proxy's path, and with Supabase Auth."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from deploy.local_users import mint
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.recordings import FOLDER
from tests.support.cast import Cast
from tests.support.prefix_proxy import below
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET
from tests.support.sign_in_server import KEY, SignInServer, signing_in
from tests.web.conftest import NOTE, Visit, choose, visiting


@pytest.fixture
def below_a_path(chromium: Browser, web: RunningService) -> Iterator[Visit]:
    """Bob's, by a proxy that has the service below a path."""
    with (
        below("/tools/smelt", web.service.address) as address,
        chromium.new_context() as context,
        visiting(context, address) as visit,
    ):
        visit.sign_in(web.cast.bob)
        yield visit


def test_below_a_path_everything_is_found_and_the_cookie_goes_nowhere_else(below_a_path: Visit) -> None:
    page, address = below_a_path.page, below_a_path.address
    [cookie] = page.context.cookies()
    assert cookie["path"] == "/tools/smelt/v1"
    page.get_by_role("button", name="Paste text").click()
    page.get_by_label("Text", exact=True).fill("Ann must call the printer by Friday.")
    page.get_by_role("button", name="Add the text").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Summary").click()
    expect(page.locator(".markdown")).to_contain_text("Ann must call the printer by Friday.")
    assert page.url.startswith(f"{address}/#/smelts/")


def test_below_a_path_a_recording_is_watched_heard_and_saved(below_a_path: Visit) -> None:
    page, address = below_a_path.page, below_a_path.address
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((f"{address}/", "blob:", "data:"))
            else elsewhere.append(request.url)
        ),
    )
    choose(page, str(FOLDER / "speech.mp3"))
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Summary").wait_for()  # told by an event
    page.reload()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download all (zip)").click()
    assert saved.value.suggested_filename == "speech.mp3.zip"
    page.get_by_role("link", name="Listen and read").click()
    page.locator(".segment [data-start]:not(button)").nth(4).click()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    page.wait_for_function("() => document.querySelector('.lit') !== null")
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_text("credits left")).to_be_visible()
    assert elsewhere == []


@pytest.fixture
def sign_in_service(cast: Cast, settings: Settings) -> Iterator[SignInServer]:
    ada = cast.ada
    with signing_in(lambda: mint(JWT_SECRET, settings.jwt_audience, ada.id, ada.email)) as server:
        server.refresh_tokens = {"first"}
        yield server


@pytest.fixture
def api(settings: Settings, sign_in_service: SignInServer) -> Iterator[RunningApi]:
    by: dict[str, Any] = {
        "web_auth_url": sign_in_service.url,
        "web_auth_key": KEY,
        "web_auth_providers": ("google", "github"),
    }
    with running(settings.model_copy(update=by)) as api:
        yield api


@pytest.fixture
def supabase(chromium: Browser, api: RunningApi) -> Iterator[Visit]:
    with chromium.new_context() as context, visiting(context, api.url) as visit:
        yield visit


def test_a_link_by_e_mail_is_asked_for_and_providers_are_offered(
    supabase: Visit, sign_in_service: SignInServer
) -> None:
    page = supabase.page
    page.goto(supabase.address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    google = page.get_by_role("link", name="Continue with Google")
    expected = f"{sign_in_service.url}/authorize?provider=google&redirect_to="
    assert (google.get_attribute("href") or "").startswith(expected)
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_text("Look into your mail")).to_be_visible()
    assert sign_in_service.links == [("ada@example.org", f"{supabase.address}/")]


def test_who_comes_back_is_signed_in_and_stays_so(
    supabase: Visit, sign_in_service: SignInServer, cast: Cast
) -> None:
    """The session is renewed when its token has run out: here by taking away the cookie's."""
    page = supabase.page
    given = f"access_token={cast.ada.token}&refresh_token=first&token_type=bearer&type=magiclink"
    page.goto(f"{supabase.address}/#{given}")
    expect(page.get_by_text(cast.ada.email)).to_be_visible()
    assert "token" not in page.url
    assert sign_in_service.refresh_tokens == {"first"}
    page.route(
        "**/v1/profile", lambda route: route.fulfill(status=401, json={"code": "invalid_token"}), times=1
    )
    supabase.go("#/account")
    expect(page.get_by_text("credits left")).to_be_visible()
    assert sign_in_service.refresh_tokens == {"first+"}


def test_a_session_that_ends_while_something_is_sent_is_renewed(
    supabase: Visit, sign_in_service: SignInServer, cast: Cast
) -> None:
    page = supabase.page
    page.goto(f"{supabase.address}/#access_token={cast.ada.token}&refresh_token=first")
    choose(page, NOTE)
    ended = {"code": "invalid_token"}
    page.route("**/v1/smelts", lambda route: route.fulfill(status=401, json=ended), times=1)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1, name="notes.md").wait_for()
    assert sign_in_service.refresh_tokens == {"first+"}


def test_a_session_that_is_not_renewed_has_ended(
    supabase: Visit, sign_in_service: SignInServer, cast: Cast
) -> None:
    page = supabase.page
    page.goto(f"{supabase.address}/#access_token={cast.ada.token}&refresh_token=first")
    expect(page.get_by_text(cast.ada.email)).to_be_visible()
    sign_in_service.refresh_tokens = set()
    page.route("**/v1/profile", lambda route: route.fulfill(status=401, json={"code": "invalid_token"}))
    ends: list[Route] = []
    page.route(
        "**/v1/session",
        lambda route: ends.append(route) if route.request.method == "DELETE" else route.continue_(),
    )
    with page.expect_request(lambda request: request.method == "DELETE"):
        supabase.go("#/account")
    expect(page.get_by_text("Your session has ended")).to_have_count(0)  # a new one would lose its cookie
    [end] = ends
    end.continue_()
    expect(page.get_by_role("alert").first).to_contain_text("Your session has ended")
    assert page.context.cookies() == []


def test_what_the_sign_in_service_says_is_told(supabase: Visit) -> None:
    supabase.page.goto(f"{supabase.address}/#error=access_denied&error_description=Email+link+is+invalid")
    expect(supabase.page.get_by_role("alert")).to_have_text("Email link is invalid")
