"""A sign-in service whose page of public keys comes a byte at a time, or never ends, keeps nobody waiting for long."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import jwt
import pytest

import api.auth.jwks
from api.auth.jwks import MOST_WAITING, STALE, KeysUnreachable, PublicKeys, UnknownKey
from pipeline.net.fetch import MOST_REDIRECTS
from pipeline.settings import Settings
from tests.api.auth.test_signed_tokens import EC_KEY, KEYS, Clock, claims
from tests.api.conftest import running
from tests.support.slow_server import BAD_MODES, SlowServer, slow_server
from tests.support.waiting import wait_until

DEADLINE = 1.5  # seconds; shorter than the real one, so that the tests are
SLACK = 2.5  # seconds that a busy machine may take on top

PAGE = json.dumps(KEYS).encode()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowServer]:
    monkeypatch.setattr("api.auth.jwks.TIMEOUT", DEADLINE)
    monkeypatch.setattr("api.auth.jwks.LONGEST_WAIT", DEADLINE + 1)
    with slow_server(PAGE) as service:
        yield service


def outcome(keys: PublicKeys, kid: str) -> tuple[str, float]:
    """What became of a request for that key, and after how many seconds."""
    begun = time.monotonic()
    try:
        keys.get(kid)
    except (KeysUnreachable, UnknownKey) as error:
        return type(error).__name__, time.monotonic() - begun
    return "known", time.monotonic() - begun


@pytest.mark.parametrize("mode", BAD_MODES)
def test_one_deadline_holds_for_the_whole_exchange(service: SlowServer, mode: str) -> None:
    service.mode = mode
    what, seconds = outcome(PublicKeys(service.url), "ec")
    assert what == "KeysUnreachable"
    assert seconds < DEADLINE + SLACK


@pytest.mark.parametrize("mode", BAD_MODES)
def test_requests_with_a_known_key_go_on_meanwhile(
    service: SlowServer, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """For a day. The first few wait for up to a second, in case the service says that the key is withdrawn; not for as
    long as it is asked.
    """
    monkeypatch.setattr("api.auth.jwks.TIMEOUT", 2 * DEADLINE)
    clock = Clock()
    keys = PublicKeys(service.url, clock)
    assert outcome(keys, "ec")[0] == "known"
    service.mode = mode
    clock.now += STALE - 1
    with ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(lambda _: outcome(keys, "ec"), range(200)))
    assert {what for what, _ in outcomes} == {"known"}
    assert max(seconds for _, seconds in outcomes) < api.auth.jwks.BRIEF + 1
    assert sum(seconds > api.auth.jwks.BRIEF / 2 for _, seconds in outcomes) <= MOST_WAITING
    assert service.asked == 2 + (mode == "endless_redirect") * MOST_REDIRECTS


def test_keys_are_fetched_again_in_the_background_before_they_are_old(service: SlowServer) -> None:
    clock = Clock()
    keys = PublicKeys(service.url, clock)
    keys.get("ec")
    service.mode = "silent"
    clock.now += api.auth.jwks.RENEW
    assert outcome(keys, "ec")[1] < api.auth.jwks.BRIEF / 2
    wait_until(lambda: service.asked == 2)


def test_made_up_key_ids_wait_a_few_at_a_time_and_ask_once(service: SlowServer) -> None:
    clock = Clock()
    keys = PublicKeys(service.url, clock)
    keys.get("ec")
    service.mode = "dripping_head"
    clock.now += api.auth.jwks.COOLDOWN
    with ThreadPoolExecutor(40) as pool:
        made_up = [pool.submit(outcome, keys, f"made up {n}") for n in range(40)]
        wait_until(lambda: sum(each.done() for each in made_up) == 40 - MOST_WAITING)
        assert outcome(keys, "ec")[1] < 0.5
        outcomes = [each.result() for each in made_up]
    assert {what for what, _ in outcomes} == {"KeysUnreachable"}
    assert max(seconds for _, seconds in outcomes) < DEADLINE + SLACK
    assert service.asked == 2


@pytest.mark.parametrize("mode", ["dripping_head", "dripping_body"])
def test_the_service_answers_everybody_while_its_keys_drip(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, service: SlowServer, mode: str
) -> None:
    """Sixty sign-ins at once, as many tokens of made-up keys, and others who need no key at all."""
    monkeypatch.setattr("api.auth.jwks.FRESH", 0.5)
    monkeypatch.setattr("api.auth.jwks.COOLDOWN", 0.0)
    token = jwt.encode(claims(), EC_KEY, "ES256", {"kid": "ec"})
    forged = jwt.encode(claims(), EC_KEY, "ES256", {"kid": "made up"})
    with (
        ThreadPoolExecutor(120) as pool,
        running(settings.model_copy(update={"jwt_jwks_url": service.url})) as api,
        api.client() as visitor,
        api.client({"Authorization": f"Bearer {token}"}) as ada,
        api.client({"Authorization": f"Bearer {forged}"}) as mallory,
        unblocked(service),
    ):
        assert ada.get("/v1/profile").status_code == 200
        service.mode = mode
        time.sleep(0.6)  # until the keys are older than they are believed without asking
        end = time.monotonic() + 3 * DEADLINE
        statuses: set[tuple[str, int]] = set()
        slowest = 0.0
        while time.monotonic() < end:
            forging = [pool.submit(mallory.get, "/v1/profile") for _ in range(60)]
            begun = time.monotonic()
            signing = [pool.submit(ada.get, "/v1/profile") for _ in range(60)]
            statuses.add(("healthz", visitor.get("/healthz").status_code))
            statuses.add(("visitor", visitor.get("/v1/usage").status_code))
            statuses |= {("ada", each.result().status_code) for each in signing}
            slowest = max(slowest, time.monotonic() - begun)
            statuses |= {("mallory", each.result().status_code) for each in forging}
        assert statuses == {("healthz", 200), ("visitor", 200), ("ada", 200), ("mallory", 503)}
        assert slowest < 5.0


@contextmanager
def unblocked(service: SlowServer) -> Iterator[None]:
    """Lets go of whoever still waits for the service before the API is stopped."""
    try:
        yield
    finally:
        service.stopped.set()
