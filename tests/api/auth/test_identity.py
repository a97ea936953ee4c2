"""Who is asking: a token that isn't valid never makes its bearer anonymous, and nobody reads another's smelt."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from deploy.local_users import mint
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.secrets import JWT_SECRET

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


@pytest.fixture
def generous(settings: Settings) -> Iterator[RunningApi]:
    """One address may post three times."""
    with running(settings.model_copy(update={"anonymous_daily": 3})) as api:
        yield api


BAD_TOKENS = ["Bearer", "Bearer x", "Basic YTpi", "smelt_abc", "Bearer smelt_abc", "Bearer " + "a" * 9_000]


def test_a_bad_token_is_refused_and_never_anonymous(visitor: httpx.Client, subtests: pytest.Subtests) -> None:
    for authorization in BAD_TOKENS:
        with subtests.test(authorization=authorization):
            for reply in (
                visitor.post("/v1/smelts", json=NOTE, headers={"Authorization": authorization}),
                visitor.get("/v1/usage", headers={"Authorization": authorization}),
            ):
                assert (reply.status_code, reply.json()["code"]) == (401, "invalid_token")
                assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_two_tokens_are_refused(api: RunningApi, cast: Cast) -> None:
    headers = [("Authorization", f"Bearer {cast.ada.token}"), ("Authorization", f"Bearer {cast.bob.token}")]
    with httpx.Client(base_url=api.url, trust_env=False) as client:
        assert client.get("/v1/usage", headers=headers).status_code == 401


def test_the_service_role_is_no_user(visitor: httpx.Client, cast: Cast) -> None:
    claims = {
        "role": "service_role",
        "sub": str(cast.ada.id),
        "aud": "authenticated",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    token = jwt.encode(claims, JWT_SECRET, "HS256")
    assert visitor.get("/v1/usage", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_what_needs_a_user_says_so(visitor: httpx.Client) -> None:
    for path in ("/v1/profile", "/v1/smelts", "/v1/prompts"):
        reply = visitor.get(path)
        assert (reply.status_code, reply.json()["code"]) == (401, "authentication_required")
        assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_the_first_sign_in_makes_a_profile(api: RunningApi, visitor: httpx.Client) -> None:
    token = mint(JWT_SECRET, "authenticated", uuid4(), "new@example.org")
    profile = visitor.get("/v1/profile", headers={"Authorization": f"Bearer {token}"})
    assert profile.status_code == 200
    assert (profile.json()["tier"], profile.json()["credits_remaining"]) == ("credits", 5)


def test_the_subject_says_who_somebody_is_whatever_the_address(
    api: RunningApi, visitor: httpx.Client, subtests: pytest.Subtests
) -> None:
    for address in ("shared@example.org", "shared@example.org", "a\0b", "\ud800"):
        with subtests.test(address=address):
            token = mint(JWT_SECRET, api.settings.jwt_audience, uuid4(), address)
            reply = visitor.get("/v1/profile", headers={"Authorization": f"Bearer {token}"})
            assert reply.status_code == 200, reply.text


def test_anothers_and_not_there_give_the_same_answer(
    ada: httpx.Client, bob: httpx.Client, visitor: httpx.Client
) -> None:
    smelt = ada.post("/v1/smelts", json=NOTE).json()
    file_id, output_id = smelt["files"][0]["id"], smelt["outputs"][0]["id"]
    paths = ["", "/outputs", f"/outputs/{output_id}", f"/files/{file_id}/transcript"]
    for path in paths:
        for client in (bob, visitor):
            adas = client.get(f"/v1/smelts/{smelt['id']}{path}")
            nobodys = client.get(f"/v1/smelts/{uuid4()}{path}")
            assert (adas.status_code, adas.json()) == (404, nobodys.json())
    for method, path in (("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "/content"), ("DELETE", "")):
        assert bob.request(method, f"/v1/smelts/{smelt['id']}{path}").status_code == 404
    assert ada.get(f"/v1/smelts/{smelt['id']}").json()["status"] == "pending"


def test_an_anonymous_token_opens_its_own_smelt_alone(generous: RunningApi, cast: Cast) -> None:
    with generous.client() as visitor, generous.client(cast.ada.headers) as ada:
        mine = visitor.post("/v1/smelts", json=NOTE).json()
        other = visitor.post("/v1/smelts", json=NOTE).json()
        adas = ada.post("/v1/smelts", json=NOTE).json()
        token = {"Authorization": f"Bearer {mine['access_token']}"}
        assert visitor.get(f"/v1/smelts/{mine['id']}", headers=token).status_code == 200
        for smelt in (other, adas):
            assert visitor.get(f"/v1/smelts/{smelt['id']}", headers=token).status_code == 404
        assert visitor.delete(f"/v1/smelts/{other['id']}", headers=token).status_code == 404
        assert visitor.get("/v1/smelts", headers=token).status_code == 401
        assert visitor.delete(f"/v1/smelts/{mine['id']}", headers=token).status_code == 204


def test_an_id_that_is_none_is_not_found(ada: httpx.Client) -> None:
    assert ada.get("/v1/smelts/1").json()["code"] == "not_found"
