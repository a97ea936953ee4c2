"""The page's session: a token becomes a cookie that no script reads, and that counts for the page alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.auth.page_session import PageSession, PageSessions
from api.auth.signed_tokens import Subject
from deploy.local_users import mint
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.secrets import JWT_SECRET
from tests.support.sign_in_server import KEY, SignInServer, signing_in

PAGE = {"X-Smelt-Page": "1"}
NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
TITLE = {"title": "Mine", "body": "Sum it up."}


@pytest.fixture
def page(api: RunningApi) -> Iterator[httpx.Client]:
    """A browser with the page open, and nobody signed in."""
    with api.client() as client:
        yield client


def sign_in(page: httpx.Client, token: str) -> httpx.Response:
    return page.post("/v1/session", json={"token": token}, headers=PAGE)


def test_a_sign_in_token_becomes_a_cookie_that_opens_the_account(page: httpx.Client, cast: Cast) -> None:
    reply = sign_in(page, cast.ada.token)
    assert reply.json()["kind"] == "user"
    assert reply.json()["email"] == cast.ada.email
    attributes = {part.strip().lower() for part in reply.headers["Set-Cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict"} <= attributes
    assert not any(part.startswith(("path", "domain", "secure")) for part in attributes)
    assert cast.ada.token not in reply.headers["Set-Cookie"]
    assert page.get("/v1/profile").status_code == 200
    assert page.post("/v1/prompts", json=TITLE, headers=PAGE).status_code == 201
    assert page.get("/v1/tokens").status_code == 200
    assert page.get("/v1/session").json()["kind"] == "user"


def test_over_https_the_cookie_is_for_https_alone(page: httpx.Client, cast: Cast) -> None:
    origin = {**PAGE, "Origin": "https://smelt.example.org"}
    reply = page.post("/v1/session", json={"token": cast.ada.token}, headers=origin)
    assert "secure" in reply.headers["Set-Cookie"].lower()


def test_a_machine_tokens_session_does_what_the_token_does(
    page: httpx.Client, ada: httpx.Client, cast: Cast
) -> None:
    made = ada.post("/v1/tokens", json={"name": "page"}).json()
    assert sign_in(page, made["token"]).json()["kind"] == "machine"
    assert page.get("/v1/profile").status_code == 200
    assert page.get("/v1/tokens").status_code == 403
    ada.delete(f"/v1/tokens/{made['id']}").raise_for_status()
    assert page.get("/v1/profile").json()["code"] == "invalid_token"


def test_a_visitors_session_opens_that_one_smelt(page: httpx.Client, visitor: httpx.Client) -> None:
    accepted = visitor.post("/v1/smelts", json=NOTE).json()
    session = sign_in(page, accepted["access_token"]).json()
    assert (session["kind"], session["smelt_id"]) == ("visitor", accepted["id"])
    assert page.get(f"/v1/smelts/{accepted['id']}").status_code == 200
    assert page.get("/v1/smelts").json()["code"] == "authentication_required"


def test_a_bad_token_makes_no_session(page: httpx.Client) -> None:
    for token in ("x", "smelt_abc", "smelt_" + "a" * 43):
        reply = sign_in(page, token)
        assert (reply.status_code, reply.json()["code"]) == (401, "invalid_token"), token
        assert "Set-Cookie" not in reply.headers
    bodies: list[Any] = [{}, {"token": "a", "ticket": "b"}, {"tokens": "a"}, []]
    for body in bodies:
        assert page.post("/v1/session", json=body, headers=PAGE).status_code == 422, body


def test_another_site_can_neither_use_the_cookie_nor_sign_in_or_out(page: httpx.Client, cast: Cast) -> None:
    """What changes something needs a header that no form sends; what reads, the browser's word for where it is from."""
    assert page.post("/v1/session", json={"token": cast.ada.token}).status_code == 403
    assert sign_in(page, cast.ada.token).status_code == 200
    assert page.post("/v1/prompts", json=TITLE).json()["code"] == "invalid_token"
    assert page.post("/v1/smelts", json=NOTE).json()["code"] == "invalid_token"
    assert page.delete("/v1/session").status_code == 403
    assert page.put("/v1/session").status_code == 403
    for site, status in (("same-origin", 200), ("none", 200), ("same-site", 401), ("cross-site", 401)):
        assert page.get("/v1/prompts", headers={"Sec-Fetch-Site": site}).status_code == status
    assert page.get("/v1/prompts").json()["items"] == []


def test_the_header_is_not_for_pages_of_other_origins(settings: Settings) -> None:
    origin = "https://app.example.org"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-Smelt-Page",
    }
    with running(settings.model_copy(update={"cors_origins": (origin,)})) as api, api.client() as client:
        assert client.options("/v1/session", headers=asked).status_code == 400


def test_a_bearer_token_goes_before_the_cookie(page: httpx.Client, cast: Cast) -> None:
    sign_in(page, cast.ada.token)
    assert page.post("/v1/prompts", json=TITLE, headers=cast.bob.headers).status_code == 201
    assert page.get("/v1/prompts").json()["items"] == []


def test_a_cookie_that_is_not_ours_is_refused_and_forgotten(page: httpx.Client, cast: Cast) -> None:
    cookie = sign_in(page, cast.ada.token).headers["Set-Cookie"].partition(";")[0]
    name, _, sealed = cookie.partition("=")
    for bad in ("x", sealed[:-2] + "xx", sealed + "A", "é", "a" * 5_000):
        headers = {"Cookie": f"{name}={bad}".encode()}
        with httpx.Client(base_url=str(page.base_url), trust_env=False) as client:
            refused = client.request("GET", "/v1/usage", headers=headers)  # type: ignore[arg-type]
            assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token"), bad
            asked = client.request("GET", "/v1/session", headers=headers)  # type: ignore[arg-type]
            assert asked.json()["kind"] == "none"
            assert "Max-Age=0" in asked.headers["Set-Cookie"]


def test_a_session_ends_with_its_token(api: RunningApi, cast: Cast) -> None:
    def session(seconds: float) -> PageSession:
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        return PageSession(subject=Subject(cast.ada.id, cast.ada.email, None, ends))

    sessions = api.services.page_sessions
    assert 500 < session(600).max_age <= 600
    for seconds, status in ((600, 200), (-1, 401)):
        cookie = {"Cookie": f"{sessions.cookie}={sessions.seal(session(seconds))}"}
        with api.client(cookie) as client:
            assert client.get("/v1/profile").status_code == status
    with api.client(cookie) as client:
        asked = client.get("/v1/session")
    assert asked.json()["kind"] == "none"
    assert "Max-Age=0" in asked.headers["Set-Cookie"]


def test_two_services_on_one_host_have_cookies_of_their_own(page: httpx.Client, cast: Cast) -> None:
    """Browsers tell hosts apart, not ports."""
    mine, other = PageSessions(b"a" * 32), PageSessions(b"b" * 32)
    assert mine.cookie != other.cookie
    assert sign_in(page, cast.ada.token).status_code == 200
    page.cookies.set(other.cookie, other.seal(PageSession(token="x")))
    assert page.get("/v1/profile").status_code == 200


def test_signing_out_forgets_the_cookie(page: httpx.Client, cast: Cast) -> None:
    sign_in(page, cast.ada.token)
    assert page.delete("/v1/session", headers=PAGE).status_code == 204
    assert page.get("/v1/profile").json()["code"] == "authentication_required"


def test_a_ticket_signs_in_once_and_only_a_user_gets_one(
    page: httpx.Client, ada: httpx.Client, visitor: httpx.Client
) -> None:
    made = ada.post("/v1/session/ticket")
    assert made.status_code == 201
    ticket = {"ticket": made.json()["ticket"]}
    assert page.post("/v1/session", json=ticket, headers=PAGE).json()["kind"] == "user"
    again = page.post("/v1/session", json=ticket, headers=PAGE)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
    assert visitor.post("/v1/session/ticket").json()["code"] == "sign_in_required"
    token = ada.post("/v1/tokens", json={"name": "page"}).json()["token"]
    machine = visitor.post("/v1/session/ticket", headers={"Authorization": f"Bearer {token}"})
    assert machine.json()["code"] == "sign_in_required"


@pytest.fixture
def sign_in_service(cast: Cast, settings: Settings) -> Iterator[SignInServer]:
    with signing_in(lambda: mint(JWT_SECRET, settings.jwt_audience, cast.ada.id, cast.ada.email)) as server:
        yield server


@pytest.fixture
def supabase(sign_in_service: SignInServer, settings: Settings) -> Iterator[httpx.Client]:
    """The page of a service whose users sign in with Supabase Auth."""
    by = {"web_auth_url": sign_in_service.url, "web_auth_key": KEY, "web_auth_providers": ("google",)}
    with running(settings.model_copy(update=by)) as api, api.client(PAGE) as client:
        yield client


def test_the_page_is_told_how_one_may_sign_in(
    supabase: httpx.Client, sign_in_service: SignInServer, page: httpx.Client
) -> None:
    assert supabase.get("/v1/session").json()["sign_in"] == {
        "email": True,
        "providers": ["google"],
        "authorize_url": f"{sign_in_service.url}/authorize",
    }
    assert page.get("/v1/session").json()["sign_in"] == {
        "email": False,
        "providers": [],
        "authorize_url": None,
    }


def test_a_session_is_renewed_by_its_refresh_token_once_for_each(
    supabase: httpx.Client, sign_in_service: SignInServer, cast: Cast
) -> None:
    sign_in_service.refresh_tokens = {"first"}
    tokens = {"token": cast.ada.token, "refresh_token": "first"}
    assert supabase.post("/v1/session", json=tokens).json()["renewable"]
    for _ in range(2):
        renewed = supabase.put("/v1/session")
        assert (renewed.status_code, renewed.json()["kind"]) == (200, "user")
    assert sign_in_service.refresh_tokens == {"first++"}
    sign_in_service.refresh_tokens = set()
    assert supabase.put("/v1/session").json()["code"] == "invalid_token"


def test_a_link_is_sent_by_e_mail(
    supabase: httpx.Client, sign_in_service: SignInServer, page: httpx.Client
) -> None:
    asked = {"email": "ada@example.org", "back_to": "https://smelt.example.org/"}
    assert supabase.post("/v1/session/email", json=asked).status_code == 202
    assert sign_in_service.links == [("ada@example.org", "https://smelt.example.org/")]
    assert supabase.post("/v1/session/email", json={**asked, "email": "nobody"}).status_code == 422
    assert supabase.post("/v1/session/email", json={**asked, "back_to": "javascript:x"}).status_code == 422
    assert page.post("/v1/session/email", json=asked, headers=PAGE).status_code == 404


def test_what_the_sign_in_service_refuses_is_told(
    supabase: httpx.Client, sign_in_service: SignInServer
) -> None:
    asked = {"email": "ada@example.org", "back_to": "https://smelt.example.org/"}
    for status, code in ((429, "too_many_requests"), (422, "invalid_token"), (500, "unavailable")):
        sign_in_service.status = status
        assert supabase.post("/v1/session/email", json=asked).json()["code"] == code
