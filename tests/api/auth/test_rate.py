"""Rates: told on every counted reply, kept together through Redis, and by each instance while Redis is away."""

import re
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from api.auth.machine_tokens import PREFIX
from api.auth.rate import Rate, rule
from api.auth.rate_limiter import LocalRateLimiter, RateLimiter
from pipeline.settings import Settings
from tests.api.auth.test_machine_tokens import by, make
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast

FIVE = Rate(5, 60.0)
NOBODY = "redis://127.0.0.1:1"


@pytest.fixture
def strict(settings: Settings) -> Iterator[RunningApi]:
    with running(settings.model_copy(update={"rate_signed_in": 5, "rate_anonymous": 3})) as api:
        yield api


@pytest.fixture
def limiter(redis_url: str, redis_namespace: str) -> Iterator[RateLimiter]:
    limiter = RateLimiter(redis_url, redis_namespace)
    yield limiter
    limiter.close()


def test_a_burst_then_one_for_each_interval() -> None:
    theoretical_arrival, now = 0.0, 1_000.0
    for left in (4, 3, 2, 1, 0):
        ruling, theoretical_arrival = rule(FIVE, theoretical_arrival, now)
        assert (ruling.allowed, ruling.remaining) == (True, left)
    refused, theoretical_arrival = rule(FIVE, theoretical_arrival, now)
    assert not refused.allowed
    assert refused.retry_after == pytest.approx(12.0)
    assert refused.reset == pytest.approx(60.0)
    assert not rule(FIVE, theoretical_arrival, now + 11.9)[0].allowed
    ruling, theoretical_arrival = rule(FIVE, theoretical_arrival, now + 12.0)
    assert ruling.allowed
    assert not rule(FIVE, theoretical_arrival, now + 12.0)[0].allowed
    assert rule(FIVE, theoretical_arrival, now + 200.0)[0].remaining == 4


def test_redis_rules_as_the_arithmetic_does(limiter: RateLimiter) -> None:
    rulings = [limiter.acquire("ada", FIVE) for _ in range(7)]
    assert [ruling.allowed for ruling in rulings] == [True] * 5 + [False] * 2
    assert [ruling.remaining for ruling in rulings] == [4, 3, 2, 1, 0, 0, 0]
    assert 11.0 < rulings[-1].retry_after <= 12.0
    assert limiter.acquire("bob", FIVE).remaining == 4


def test_instances_count_together(limiter: RateLimiter, redis_url: str, redis_namespace: str) -> None:
    other = RateLimiter(redis_url, redis_namespace)
    rulings = [each.acquire("ada", FIVE) for _ in range(3) for each in (limiter, other)]
    other.close()
    assert [ruling.allowed for ruling in rulings] == [True] * 5 + [False]


def test_without_redis_an_instance_counts_by_itself() -> None:
    alone = RateLimiter(NOBODY, "nowhere")
    rulings = [alone.acquire("ada", FIVE) for _ in range(6)]
    assert [ruling.allowed for ruling in rulings] == [True] * 5 + [False]


def test_memory_is_bounded_and_forgets_who_was_seen_longest_ago() -> None:
    local = LocalRateLimiter(most=2)
    local.acquire("ada", FIVE)
    local.acquire("bob", FIVE)
    local.acquire("ada", FIVE)
    local.acquire("eve", FIVE)
    assert local.acquire("ada", FIVE).remaining == 2
    assert local.acquire("bob", FIVE).remaining == 4


def test_every_reply_tells_and_too_many_are_refused(strict: RunningApi, cast: Cast) -> None:
    with strict.client(cast.ada.headers) as ada:
        replies = [ada.get("/v1/profile") for _ in range(4)] + [ada.get("/v1/smelts/none")]
        refused = ada.get("/v1/profile")
    assert [reply.status_code for reply in replies] == [200] * 4 + [404]
    for left, reply in zip((4, 3, 2, 1, 0), replies, strict=True):
        assert reply.headers["RateLimit-Policy"] == '"default";q=5;w=60'
        assert reply.headers["RateLimit"].startswith(f'"default";r={left};t=')
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 12
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')


def test_callers_are_counted_apart(strict: RunningApi, cast: Cast) -> None:
    with strict.client(cast.ada.headers) as ada, strict.client(cast.bob.headers) as bob:
        assert [ada.get("/v1/usage").status_code for _ in range(6)][-1] == 429
        assert bob.get("/v1/usage").status_code == 200


def test_guessing_tokens_counts_against_the_address(strict: RunningApi) -> None:
    with strict.client() as visitor:
        statuses = [
            visitor.get("/v1/usage", headers={"Authorization": f"Bearer {guess}"}).status_code
            for guess in ("x", "smelt_abc", "smelt_abd", "smelt_abe")
        ]
    assert statuses == [401, 401, 401, 429]


def made_up(n: int) -> dict[str, str]:
    """In the shape of a machine token."""
    return by(f"{PREFIX}{n:043}")


def test_a_users_machine_tokens_share_one_rate_in_all_instances(strict: RunningApi, cast: Cast) -> None:
    with (
        running(strict.settings) as other,
        other.client() as elsewhere,
        strict.client() as here,
        strict.client(cast.ada.headers) as ada,
    ):
        tokens = [make(ada)["token"] for _ in range(2)]
        replies = [
            client.get("/v1/usage", headers=by(token))
            for token, client in zip([*tokens, tokens[0]], (here, elsewhere, here), strict=True)
        ]
        refused = [client.get("/v1/usage", headers=by(tokens[1])) for client in (here, elsewhere)]
        refused.append(ada.get("/v1/usage"))
    assert [reply.headers["RateLimit"].split(";")[1] for reply in replies] == ["r=2", "r=1", "r=0"]
    assert [reply.status_code for reply in (*replies, *refused)] == [200] * 3 + [429] * 3


def test_past_the_addresss_rate_made_up_tokens_are_refused_without_postgres(
    strict: RunningApi, cast: Cast, owner_url: str
) -> None:
    """While the user's own, which this process knows, goes on working from the same address."""
    with strict.client(cast.ada.headers) as ada, strict.client() as visitor:
        adas = by(make(ada)["token"])
        assert visitor.get("/v1/usage", headers=adas).status_code == 200
        statuses = [visitor.get("/v1/usage", headers=made_up(n)).status_code for n in range(3)]
        assert statuses == [401, 401, 429]
        with psycopg.connect(owner_url) as connection:
            connection.execute("lock table api_tokens in access exclusive mode")
            for n in range(3):
                assert visitor.get("/v1/usage", headers=made_up(n), timeout=5).status_code == 429
        assert visitor.get("/v1/usage", headers=adas).status_code == 200


@pytest.mark.parametrize(
    "token", [PREFIX, f"{PREFIX}{'a' * 42}", f"{PREFIX}{'a' * 44}", f"{PREFIX}{'+' * 43}"]
)
def test_what_can_be_no_machine_token_is_refused_without_postgres(
    api: RunningApi, visitor: httpx.Client, owner_url: str, token: str
) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("lock table api_tokens in access exclusive mode")
        assert visitor.get("/v1/usage", headers=by(token), timeout=5).status_code == 401


def test_a_revoked_token_uses_up_nobodys_rate_but_the_addresss(strict: RunningApi, cast: Cast) -> None:
    with strict.client(cast.ada.headers) as ada, strict.client() as thief:
        made = make(ada)
        assert thief.get("/v1/usage", headers=by(made["token"])).status_code == 200
        assert ada.delete(f"/v1/tokens/{made['id']}").status_code == 204
        statuses = [thief.get("/v1/usage", headers=by(made["token"])).status_code for _ in range(4)]
        assert statuses == [401, 401, 429, 429]
        assert ada.get("/v1/usage").headers["RateLimit"].startswith('"default";r=0;')


def test_an_address_of_many_users_lets_their_tokens_in(settings: Settings, cast: Cast) -> None:
    """Each counts against the address once in a process's life, whatever the address does afterwards."""
    limits = {"rate_signed_in": 100, "rate_anonymous": 4}
    with running(settings.model_copy(update=limits)) as api, api.client() as office:
        tokens = []
        for user in (cast.ada, cast.bob):
            with api.client(user.headers) as client:
                tokens += [make(client)["token"] for _ in range(2)]
        for _ in range(5):
            assert {office.get("/v1/usage", headers=by(token)).status_code for token in tokens} == {200}
        assert office.get("/v1/usage").status_code == 429
        assert {office.get("/v1/usage", headers=by(token)).status_code for token in tokens} == {200}


def test_redis_away_is_neither_an_open_door_nor_a_closed_one(settings: Settings, cast: Cast) -> None:
    cut_off = settings.model_copy(update={"rate_signed_in": 5, "redis_url": SecretStr(NOBODY)})
    with running(cut_off) as api, api.client(cast.ada.headers) as ada:
        statuses = [ada.get("/v1/usage").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_every_route_of_the_service_is_counted(api: RunningApi, visitor: httpx.Client) -> None:
    """Health and the description itself are not; each other route must tell the rate, whatever it answers."""
    document = visitor.get("/openapi.json").json()
    free = {"/healthz", "/readyz", "/metrics"}
    for path, methods in document["paths"].items():
        for method in methods:
            for body in (b"", b"{", b"[" * 60_000, b"a" * 70_000):
                reply = visitor.request(
                    method,
                    re.sub("{.*?}", str(uuid4()), path),
                    content=body,
                    headers={"Content-Type": "application/json"},
                )
                assert ("RateLimit" in reply.headers) == (path not in free), (method, path, body[:3])


@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/prompts", "/v1/prompt-sections"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer smelt_of-nobody"}])
def test_nobody_asks_for_more_by_a_bad_body(strict: RunningApi, path: str, headers: dict[str, str]) -> None:
    """Who sends it is asked first, and counted."""
    with strict.client({**headers, "Content-Type": "application/json"}) as visitor:
        statuses = [visitor.post(path, content=b"{").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_who_comes_back_when_told_to_is_served(settings: Settings, cast: Cast) -> None:
    """An interval of 1.5 s: half a second less than is told would be too early."""
    with (
        running(settings.model_copy(update={"rate_signed_in": 40})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        while (refused := ada.get("/v1/usage")).status_code == 200:
            pass
        time.sleep(int(refused.headers["Retry-After"]))
        assert ada.get("/v1/usage").status_code == 200
