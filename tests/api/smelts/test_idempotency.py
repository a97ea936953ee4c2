"""`Idempotency-Key`: the same post gives the same smelt, however often and however close together it comes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.smelts import precheck as post
from db.session import Database
from db.smelts.admission import find_by_idempotency_key
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.rows import count_smelts, set_credits

KEY = {"Idempotency-Key": "order-66"}
NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def test_the_same_post_gives_the_same_smelt_and_token(
    api: RunningApi, visitor: httpx.Client, database: Database
) -> None:
    first = visitor.post("/v1/smelts", json=NOTE, headers=KEY)
    second = visitor.post("/v1/smelts", json=NOTE, headers=KEY)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    assert count_smelts(database) == 1
    assert len(api.objects()) == 1


def test_it_is_looked_at_before_any_limit(ada: httpx.Client, cast: Cast, database: Database) -> None:
    first = ada.post("/v1/smelts", json=NOTE, headers=KEY)
    set_credits(database, cast.ada.id, 0)
    assert ada.post("/v1/smelts", json=NOTE, headers=KEY).json()["id"] == first.json()["id"]
    assert ada.post("/v1/smelts", json=NOTE).status_code == 429


def test_a_repeated_post_may_not_be_longer_than_its_first_could_be(
    visitor: httpx.Client, settings: Settings
) -> None:
    """It uses nothing up: a visitor could else send as much as the widest tier may, again and again."""

    def post(content: bytes) -> httpx.Response:
        parts = [("files", ("a.txt", content)), ("default_prompt_names", (None, b"summarize"))]
        return visitor.post("/v1/smelts", files=parts, headers=KEY)

    assert post(b"Ann ships on Friday.").status_code == 202
    reply = post(b"x" * (settings.anonymous_smelt_bytes + 10_000_000))
    assert (reply.status_code, reply.json()["code"]) == (409, "idempotency_key_reused")
    assert reply.headers["Connection"] == "close"  # before the body was read to its end


def test_the_form_and_the_order_of_fields_make_no_difference(ada: httpx.Client) -> None:
    as_json = ada.post("/v1/smelts", json={**NOTE, "mode": "combine"}, headers=KEY)
    parts: list[tuple[str, tuple[None, str]]] = [
        ("mode", (None, "combine")),
        ("texts", (None, "Ann ships on Friday.")),
        ("default_prompt_names", (None, "summarize")),
    ]
    as_form = ada.post("/v1/smelts", files=parts, headers=KEY)
    assert as_form.json()["id"] == as_json.json()["id"]


def test_a_post_that_was_taken_in_just_now_is_known_before_its_own_use_of_the_limit(
    visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look for its key and the look at the allowance."""
    first = visitor.post("/v1/smelts", json=NOTE, headers=KEY)
    looks = iter([None])
    monkeypatch.setattr(
        post, "find_by_idempotency_key", lambda *asked: next(looks, find_by_idempotency_key(*asked))
    )
    again = visitor.post("/v1/smelts", json=NOTE, headers=KEY)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


OTHER_BODIES = [
    {**NOTE, "texts": ["Ann ships on Monday."]},
    {**NOTE, "texts": [{"filename": "other.txt", "text": "Ann ships on Friday."}]},
    {**NOTE, "mode": "combine"},
    {**NOTE, "default_prompt_names": ["action_items"]},
    {**NOTE, "texts": ["Ann ships on Friday.", "More."]},
    {**NOTE, "texts": [""]},
    {**NOTE, "colour": "red"},
    {**NOTE, "language": "none"},
]


def test_a_field_given_twice_makes_another_body(ada: httpx.Client) -> None:
    parts: list[tuple[str, tuple[None, str]]] = [
        ("texts", (None, "Ann ships on Friday.")),
        ("default_prompt_names", (None, "summarize")),
        ("mode", (None, "separate")),
    ]
    assert ada.post("/v1/smelts", files=parts, headers=KEY).status_code == 202
    again = ada.post("/v1/smelts", files=[*parts, ("mode", (None, "combine"))], headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_reused")


def test_a_key_outlives_a_restart(settings: Settings, cast: Cast) -> None:
    replies = []
    for headers in ({}, cast.ada.headers):
        for _ in range(2):
            with running(settings) as api, api.client(headers) as client:
                replies.append(client.post("/v1/smelts", json=NOTE, headers=KEY))
    assert [reply.status_code for reply in replies] == [202] * 4
    assert [reply.json()["id"] for reply in replies[::2]] == [reply.json()["id"] for reply in replies[1::2]]
    assert replies[0].json()["access_token"] == replies[1].json()["access_token"]


def test_another_body_under_the_same_key_conflicts(
    ada: httpx.Client, database: Database, subtests: pytest.Subtests
) -> None:
    for other in OTHER_BODIES:
        with subtests.test(other=other):
            ada.post("/v1/smelts", json=NOTE, headers=KEY)
            reply = ada.post("/v1/smelts", json=other, headers=KEY)
            assert (reply.status_code, reply.json()["code"]) == (409, "idempotency_key_reused")
            assert count_smelts(database) == 1


def test_a_key_holds_for_a_day(ada: httpx.Client, database: Database) -> None:
    first, second, third = (str(_post_a_day_later(ada, database, day)) for day in (0, 0, 1))
    assert first == second != third
    assert count_smelts(database) == 2


def _post_a_day_later(ada: httpx.Client, database: Database, days: int) -> object:
    """Ada's smelt under the key, once all smelts have become older by so many days."""
    with database.service() as conn:
        older = text("update smelts set created_at = created_at - make_interval(days => :days)")
        conn.execute(older, {"days": days})
    return ada.post("/v1/smelts", json=NOTE, headers=KEY).raise_for_status().json()["id"]


def test_a_key_is_its_users_own(ada: httpx.Client, bob: httpx.Client) -> None:
    adas = ada.post("/v1/smelts", json=NOTE, headers=KEY)
    bobs = bob.post("/v1/smelts", json={**NOTE, "mode": "combine"}, headers=KEY)
    assert (adas.status_code, bobs.status_code) == (202, 202)
    assert adas.json()["id"] != bobs.json()["id"]


def test_a_race_of_equal_posts_makes_one_smelt(
    api: RunningApi, ada: httpx.Client, database: Database
) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ada.post("/v1/smelts", json=NOTE, headers=KEY), range(8)))
    assert {reply.status_code for reply in replies} == {202}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert count_smelts(database) == 1
    assert len(api.objects()) == 1


BAD_KEYS = [b"", b"two words", b"a" * 256, "ümlaut".encode()]


def test_a_key_must_be_visible_ascii(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for key in BAD_KEYS:
        with subtests.test(key=key):
            reply = ada.post("/v1/smelts", json=NOTE, headers={b"Idempotency-Key": key})
            assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
