"""A small post of a caller who has posted before is taken in by one look at the database, and answered as any other."""

import gzip
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.smelts import accept, at_once
from api.smelts.precheck import precheck
from db.session import Database, DatabaseUnavailable
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.rows import count_smelts, set_credits

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
KEY = {"Idempotency-Key": "order-66"}


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One more for each post that was looked into before its body was read."""
    seen: list[object] = []

    async def looked(*asked: Any) -> Any:
        seen.append(asked)
        return await precheck(*asked)

    monkeypatch.setattr(accept, "precheck", looked)
    return seen


def post(client: httpx.Client, **changes: Any) -> httpx.Response:
    headers = changes.pop("headers", None)
    return client.post("/v1/smelts", json={**NOTE, **changes}, headers=headers)


def as_form(client: httpx.Client) -> httpx.Response:
    fields = [("texts", (None, "Ann ships on Friday.")), ("default_prompt_names", (None, "summarize"))]
    return client.post("/v1/smelts", files=fields)


def set_status(database: Database, user: object, status: str) -> None:
    with database.service() as conn:
        conn.execute(
            text("update user_profiles set api_key_status = :status where user_id = :id"),
            {"status": status, "id": user},
        )


def test_the_second_of_a_caller_is_taken_in_at_once(ada: httpx.Client, looks: list[object]) -> None:
    first, *others = post(ada), post(ada), as_form(ada), post(ada, headers=KEY)
    assert [reply.status_code for reply in (first, *others)] == [202] * 4
    assert len(looks) == 1
    for reply in others:
        smelt = ada.get(reply.headers["Location"]).json()
        assert {name: smelt[name] for name in ("id", "status", "files", "outputs")} == {
            name: reply.json()[name] for name in ("id", "status", "files", "outputs")
        }


def test_so_is_one_by_a_machine_token_until_it_is_revoked(
    ada: httpx.Client, visitor: httpx.Client, api: RunningApi, looks: list[object]
) -> None:
    token = ada.post("/v1/tokens", json={"name": "ci"}).json()
    by = {"Authorization": f"Bearer {token['token']}"}
    assert [post(visitor, headers=by).status_code for _ in range(3)] == [202] * 3
    assert len(looks) == 1
    assert ada.delete(f"/v1/tokens/{token['id']}").status_code == 204
    refused = post(visitor, headers=by)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert len(api.objects()) == 3


def large(client: httpx.Client) -> httpx.Response:
    return post(client, texts=["x" * 20_000])


def in_chunks(client: httpx.Client) -> httpx.Response:
    body = b'{"texts": ["a"], "default_prompt_names": ["summarize"]}'
    return client.post("/v1/smelts", content=iter([body]), headers={"Content-Type": "application/json"})


def packed(client: httpx.Client) -> httpx.Response:
    body = gzip.compress(b'{"texts": ["a"], "default_prompt_names": ["summarize"]}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return client.post("/v1/smelts", content=body, headers=headers)


@pytest.mark.parametrize("send", [large, in_chunks, packed])
def test_what_may_be_long_is_looked_into_first(
    ada: httpx.Client, looks: list[object], send: Callable[[httpx.Client], httpx.Response]
) -> None:
    assert [post(ada).status_code, send(ada).status_code] == [202, 202]
    assert len(looks) == 2


def test_visitors_are_looked_into_each_time(visitor: httpx.Client, looks: list[object]) -> None:
    assert post(visitor).status_code == 202
    post(visitor)
    assert len(looks) == 2


def test_so_are_those_without_an_authorization(
    api: RunningApi, cast: Cast, visitor: httpx.Client, looks: list[object]
) -> None:
    """The page's session says who it is: else the next one without a header would be taken for them at first."""
    with api.client({"X-Smelt-Page": "1"}) as page:
        signed_in = page.post("/v1/session", json={"token": cast.ada.token})
        assert signed_in.status_code == 200, signed_in.text
        smelts = [post(page) for _ in range(2)]
    assert [(smelt.status_code, smelt.json()["tier"]) for smelt in smelts] == [(202, "credits")] * 2
    assert post(visitor).json()["tier"] == "anonymous"
    assert len(looks) == 3


def test_used_up_credits_are_told_as_ever_and_nothing_is_left(
    ada: httpx.Client, cast: Cast, database: Database, api: RunningApi
) -> None:
    assert post(ada).status_code == 202
    set_credits(database, cast.ada.id, 2)
    assert post(ada).status_code == 202
    for _ in range(2):
        refused = post(ada)
        assert (refused.status_code, refused.json()["code"]) == (429, "credits_exhausted")
        assert int(refused.headers["Retry-After"]) > 0
    assert len(api.objects()) == count_smelts(database) == 2
    set_credits(database, cast.ada.id, 3)
    assert post(ada).status_code == 202


def test_a_key_that_has_come_or_gone_is_heeded(ada: httpx.Client, cast: Cast, database: Database) -> None:
    tiers = []
    for status in ("none", "valid", "valid", "invalid", "none"):
        set_status(database, cast.ada.id, status)
        tiers.append(post(ada).json()["tier"])
    assert tiers == ["credits", "own_key", "own_key", "credits", "credits"]


def test_faults_are_named_by_what_the_caller_may_now(
    ada: httpx.Client, cast: Cast, database: Database
) -> None:
    assert post(ada).status_code == 202
    many = ["a text"] * 30  # more than on credits
    assert post(ada, texts=many).json()["code"] == "validation_failed"
    assert post(ada).status_code == 202
    set_status(database, cast.ada.id, "valid")
    assert post(ada, texts=many).status_code == 202


def test_each_post_is_counted_once_and_who_was_refused_is_looked_into_first(
    settings: Settings, cast: Cast, database: Database, looks: list[object]
) -> None:
    wrong = {"default_prompt_names": ["nothing"]}
    asked: list[dict[str, Any]] = [{}, {}, wrong, {}, {}]
    slow = settings.model_copy(update={"rate_signed_in": 20})  # none comes back while this runs
    with running(slow) as api, api.client(cast.ada.headers) as ada:
        replies = [post(ada, **changes) for changes in asked]
        set_credits(database, cast.ada.id, 0)
        replies.append(post(ada))
    assert [reply.status_code for reply in replies] == [202, 202, 422, 202, 202, 429]
    left = [int(reply.headers["RateLimit"].partition("r=")[2].partition(";")[0]) for reply in replies]
    assert all(before - after == 1 for before, after in itertools.pairwise(left)), left
    assert len(looks) == 4  # the first, both that are refused, and the one behind the first of these


def test_who_comes_too_often_is_refused_before_anything_is_stored(
    settings: Settings, cast: Cast, looks: list[object]
) -> None:
    limited = settings.model_copy(update={"rate_signed_in": 3})
    with running(limited) as api, api.client(cast.ada.headers) as ada:
        replies = [post(ada) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [202] * 3 + [429] * 2
        assert {reply.json()["code"] for reply in replies[3:]} == {"too_many_requests"}
        assert len(api.objects()) == 3
    assert len(looks) == 2  # of the fifth no body was read


def test_the_same_post_again_gives_the_same_smelt(
    ada: httpx.Client, api: RunningApi, database: Database
) -> None:
    assert post(ada).status_code == 202
    first, again = post(ada, headers=KEY), post(ada, headers=KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    other = post(ada, texts=["Bob ships on Monday."], headers=KEY)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len(api.objects()) == count_smelts(database) == 2


def test_when_nobody_knows_whether_it_was_taken_in_its_content_stays(
    ada: httpx.Client, api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(ada).status_code == 202

    def lost(*_: object) -> None:
        raise DatabaseUnavailable("lost")

    monkeypatch.setattr(at_once, "admit_known", lost)
    refused = post(ada)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert len(api.objects()) == 2
