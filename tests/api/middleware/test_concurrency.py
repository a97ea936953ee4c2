"""Beyond what it can hold the service says so at once, and one caller can take no more than a share of it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.middleware.address_rate import PAUSE_SECONDS, AddressRate
from api.middleware.concurrency_limit import ConcurrencyLimit, Places
from db.session import Database
from pipeline.concurrency import ConcurrencyLimits, Kind, Limit
from pipeline.net.networks import networks
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.connections import ATTACKER, OTHER, Attack, client_from
from tests.support.in_process_worker import do_all_work
from tests.support.rows import count_smelts, set_credits
from tests.support.waiting import wait_until

RECORDING = Path(__file__).parent.parent.parent / "recordings" / "telephone.wav"
NOTE = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def limited(
    each: int, total: int, *asked: tuple[str, str], rate_address: int = 1_000_000
) -> tuple[list[tuple[int, str]], int]:
    """What (path, address) get after another, each staying until all have been answered or stay; then how many of the
    stayers ended well, and how many places are left taken.
    """

    async def scenario() -> tuple[list[tuple[int, str]], int]:
        go_on = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] != "/healthz":
                await go_on.wait()
            await PlainTextResponse("ok")(scope, receive, send)

        places = Places(dict.fromkeys(Kind, Limit(total, each)))
        behind = networks(("127.0.0.0/8",)), "x-forwarded-for"
        app = AddressRate(ConcurrencyLimit(slow, places, *behind), *behind, rate_address)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            calls = []
            for path, address in asked:
                headers = {"X-Forwarded-For": address}
                method = "POST" if path.startswith("/v1/audio") else "GET"
                calls.append(asyncio.ensure_future(client.request(method, path, headers=headers)))
                await asyncio.sleep(0)
            await asyncio.wait(calls, timeout=0.1)
            go_on.set()
            replies = await asyncio.gather(*calls)
        outcome = [(reply.status_code, reply.headers.get("Retry-After", "")) for reply in replies]
        return outcome, sum(places.taken(kind) for kind in Kind)

    return asyncio.run(scenario())


def test_a_flood_from_one_address_is_slowed_down_and_then_refused_and_another_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it asks for: also what is answered before anybody is asked who they are."""
    monkeypatch.setattr("api.middleware.address_rate.PAUSE_SECONDS", 0.05)
    asked = [("/nope", "1.1.1.1")] * 20 + [("/nope", "1.1.1.2")]
    answers, left = limited(100, 400, *asked, rate_address=300)  # ten at once, five a second
    statuses = [status for status, _ in answers]
    assert statuses[:10] == [200] * 10
    assert statuses[10:20].count(429) >= 9
    assert statuses[20] == 200
    assert left == 0


async def counted(answered: list[str], scope: Scope, receive: Receive, send: Send) -> None:
    answered.append(scope["path"])
    await PlainTextResponse("ok")(scope, receive, send)


def test_a_flood_of_what_has_no_limit_is_slowed_down() -> None:
    """Health checks and heads that are too long, and more at once than anybody may have under way."""

    async def scenario() -> list[int]:
        answered: list[str] = []
        app = AddressRate(partial(counted, answered), (), "x-forwarded-for", 300)  # ten at once
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            calls = [asyncio.ensure_future(client.get("/healthz")) for _ in range(20)]
            await asyncio.sleep(PAUSE_SECONDS / 4)
            at_once = len(answered)
            replies = await asyncio.gather(*calls)
        return [at_once, *(reply.status_code for reply in replies)]

    assert asyncio.run(scenario()) == [10] + [200] * 20


OK, OWN, BUSY = (200, ""), (429, "2"), (503, "2")
HOUSEHOLD = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ([("/v1/usage", "1.1.1.1")] * 3, [OK, OK, OWN]),
        ([("/v1/usage", f"1.1.1.{n}") for n in range(5)], [OK, OK, OK, OK, BUSY]),
        ([("/v1/usage", address) for address in (*HOUSEHOLD, HOUSEHOLD[0])], [OK, OK, OK, OWN]),
        ([("/v1/usage", "1.1.1.1")] * 2 + [("/v1/smelts/1/events", "1.1.1.1")] * 3, [OK, OK, OK, OK, OWN]),
        ([("/v1/audio/transcriptions", "1.1.1.1")] * 3 + [("/v1/usage", "1.1.1.1")], [OK, OK, OWN, OK]),
        ([("/v1/usage", "1.1.1.1")] * 2 + [("/healthz", "1.1.1.1")] * 3, [OK] * 5),
    ],
    ids=["own", "all", "an IPv6 network", "kinds apart", "waiting apart", "health"],
)
def test_one_too_many_is_told_to_come_back(
    asked: Sequence[tuple[str, str]], answers: Sequence[tuple[int, str]]
) -> None:
    """Two for each address, four in all."""
    outcome, left = limited(2, 4, *asked)
    assert outcome == list(answers)
    assert left == 0


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 4_096, 20_000, 1_000_000])
def test_the_limits_fit_the_descriptors(descriptors: int) -> None:
    limits = Settings().concurrency_limits.within(descriptors)
    assert limits.connections.total + limits.kinds[Kind.UPLOADS].total <= descriptors
    if descriptors >= 1_024:  # a caller has some room, and the process its reserve
        assert limits.connections.total + limits.kinds[Kind.UPLOADS].total <= descriptors - 300
        assert min(limit.each for kind, limit in limits.kinds.items() if kind is not Kind.LARGE) >= 30
    for limit in (limits.connections, *limits.kinds.values()):
        assert 1 <= limit.each <= max(1, limit.total // 4)
    assert isinstance(limits, ConcurrencyLimits)


def test_a_user_has_one_limit_from_all_addresses(settings: Settings, cast: Cast) -> None:
    with running(settings.model_copy(update={"streams_per_caller": 2})) as api:
        with api.client(cast.ada.headers) as ada:
            smelt = ada.post("/v1/smelts", json=NOTE).raise_for_status().json()
        path = f"/v1/smelts/{smelt['id']}/events"
        with Attack(api.address) as attack:
            for address in ("127.0.0.2", "127.0.0.3"):
                stream = attack.open(address)
                stream.ask("GET", path, cast.ada.headers)
                assert stream.status() == 200
            refused = attack.open("127.0.0.4")
            refused.ask("GET", path, cast.ada.headers)
            assert refused.status() == 429
            # Another user's streams are another matter, and so are this user's other calls
            others = attack.open("127.0.0.2")
            others.ask("GET", path, cast.bob.headers)
            assert others.status() == 404
            with client_from("127.0.0.4", api.url, cast.ada.headers) as ada:
                assert ada.get("/v1/usage").status_code == 200
        wait_until(lambda: api.places.taken(Kind.STREAMS, f"user:{cast.ada.id}") == 0)
        with api.client(cast.ada.headers) as ada, ada.stream("GET", path) as again:
            assert again.status_code == 200


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("calls", "most"), [(250, 50), pytest.param(1_000, 200, marks=pytest.mark.exhaustive)]
)
def test_many_waiting_calls_of_one_caller_keep_nobody_out(
    settings: Settings, cast: Cast, database: Database, calls: int, most: int
) -> None:
    with running(settings.model_copy(update={"waiting_per_caller": most})) as api:
        flood(api, cast, database, calls, most)


def flood(api: RunningApi, cast: Cast, database: Database, calls: int, most: int) -> None:
    with api.client(cast.ada.headers) as ada:
        ada.get("/v1/profile").raise_for_status()
    set_credits(database, cast.ada.id, 10_000)
    recording = RECORDING.read_bytes()
    request = httpx.Request("POST", api.url, files={"file": ("a.wav", recording)})
    body, form = request.read(), {"Content-Type": request.headers["content-type"]}
    form["Content-Length"] = str(len(body))
    with Attack(api.address) as attack:
        sent = 0
        while sent < calls:  # never more under way than may be uploading at once
            for _ in range(min(50, calls - sent)):
                post = attack.open(ATTACKER)
                post.ask("POST", "/v1/audio/transcriptions", form | cast.ada.headers, body)
                sent += 1
            wait_until(lambda: api.places.taken(Kind.UPLOADS) == 0, 60)
            with client_from(OTHER, api.url, cast.bob.headers) as bob:
                assert bob.get("/v1/usage").status_code == 200
        wait_until(lambda: api.places.taken(Kind.WAITING) == count_smelts(database) == most, 60)
        for caller in (cast.ada, cast.bob):  # every other call, of the same user too
            with client_from(OTHER, api.url, caller.headers) as client:
                assert client.get("/v1/usage").status_code == 200
                smelt = client.post("/v1/smelts", json=NOTE).raise_for_status().json()
                with client.stream("GET", f"/v1/smelts/{smelt['id']}/events") as events:
                    assert events.status_code == 200
        another = attack.open(OTHER)
        another.ask("POST", "/v1/audio/transcriptions", form | cast.bob.headers, body)
        wait_until(lambda: api.places.taken(Kind.WAITING) == most + 1, 60)
    wait_until(lambda: api.places.taken(Kind.WAITING) == 0, 60)
    do_all_work(api.settings)
