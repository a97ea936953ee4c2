"""Which bearer tokens are believed, key by key."""

import base64
import json
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api.auth.jwks import COOLDOWN, FAILURE_BACKOFF, FRESH, STALE, KeysUnreachable, PublicKeys
from api.auth.signed_tokens import AnonymousTokens, BadToken, SignInTokens, is_anonymous
from tests.support.waiting import wait_until

SECRET = "a-secret-of-at-least-thirty-two-bytes".ljust(64, "!")
USER = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65_537, 2_048)
RSA_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "sub": str(USER),
        "role": "authenticated",
        "aud": "authenticated",
        "iss": "https://issuer.test",
        "email": "ada@example.org",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def hs256(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET, "HS256")


KEYS = {
    "keys": [
        {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
        {"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode()},
    ]
}


RESET = (0, None)  # the answer of a service that resets the connection


class Jwks:
    """The sign-in service's page of public keys, over HTTP.

    `answer`: status and body. `answering`: it answers at all. `stop`: nobody listens any longer; `start`: again.
    """

    def __init__(self) -> None:
        self.fetched = 0
        self.answer: tuple[int, object] = (200, KEYS)
        self.answering = threading.Event()
        self.answering.set()
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/jwks"

    def start(self) -> None:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.fetched += 1
                page.answering.wait(10)
                if page.answer is RESET:
                    linger = struct.pack("ii", 1, 0)  # close(2) resets the connection then
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    return
                status, content = page.answer
                body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def jwks() -> Iterator[Jwks]:
    page = Jwks()
    yield page
    page.stop()


@pytest.fixture
def by_secret() -> SignInTokens:
    return SignInTokens(SECRET, None, "authenticated", "https://issuer.test")


@pytest.fixture
def by_keys(jwks: Jwks) -> SignInTokens:
    return SignInTokens(None, PublicKeys(jwks.url), "authenticated", "https://issuer.test")


def test_a_token_ends_to_the_second(by_secret: SignInTokens) -> None:
    """The leeway for clocks that differ isn't for that."""
    with pytest.raises(BadToken):
        by_secret.verify(hs256(exp=datetime.now(UTC) - timedelta(seconds=1)))
    by_secret.verify(hs256(iat=datetime.now(UTC) + timedelta(seconds=5)))
    anonymous = AnonymousTokens(SECRET.encode(), timedelta(seconds=60))
    with pytest.raises(BadToken):
        anonymous.verify(anonymous.issue(USER, datetime.now(UTC) - timedelta(seconds=61)))


def test_what_was_verified_is_recalled_and_nothing_else(by_secret: SignInTokens) -> None:
    token = hs256()
    assert by_secret.recall(token) is None
    subject = by_secret.verify(token)
    assert by_secret.recall(token) == subject
    head, _, signature = token.rpartition(".")
    assert by_secret.recall(f"{head}.{signature[::-1]}") is None
    with pytest.raises(BadToken):
        by_secret.verify(hs256(role="anon"))
    assert by_secret.recall(hs256(role="anon")) is None


def test_a_recalled_token_ends_to_the_second_too(by_secret: SignInTokens) -> None:
    token = hs256(exp=datetime.now(UTC) + timedelta(seconds=1))
    end = by_secret.verify(token).expires_at
    wait_until(lambda: datetime.now(UTC) >= end)
    with pytest.raises(BadToken):
        by_secret.recall(token)


def test_a_token_whose_key_was_replaced_or_withdrawn_is_not_recalled(jwks: Jwks) -> None:
    clock = Clock()
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    token = signed()
    subject = tokens.verify(token)
    assert tokens.recall(token) == subject
    jwks.answer = (200, {"keys": [{**KEYS["keys"][0], **of_another_key()}]})
    clock.now += FRESH + 1
    assert tokens.recall(token) is None
    with pytest.raises(BadToken):
        tokens.verify(token)
    jwks.answer = (200, {"keys": KEYS["keys"][1:]})
    clock.now += FRESH + 1
    with pytest.raises(BadToken):
        tokens.recall(token)


def of_another_key() -> dict[str, Any]:
    another = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
    return {name: another[name] for name in ("x", "y")}


def test_a_good_token_names_its_user(by_secret: SignInTokens) -> None:
    subject = by_secret.verify(hs256())
    assert (subject.user_id, subject.email) == (USER, "ada@example.org")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": datetime.now(UTC) - timedelta(minutes=1)},
        {"exp": None},
        {"nbf": datetime.now(UTC) + timedelta(days=1)},
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "https://elsewhere.test"},
        {"iss": None},
        {"role": "service_role"},
        {"role": "anon"},
        {"role": None},
        {"sub": None},
        {"sub": "not-a-uuid"},
    ],
)
def test_a_token_with_a_bad_claim_is_refused(by_secret: SignInTokens, changes: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        by_secret.verify(hs256(**changes))


def test_a_token_signed_otherwise_is_refused(by_secret: SignInTokens) -> None:
    unsigned = jwt.encode(claims(), "", "none")
    for token in (
        unsigned,
        jwt.encode(claims(), SECRET + "x", "HS256"),
        jwt.encode(claims(), SECRET, "HS512"),
    ):
        with pytest.raises(BadToken):
            by_secret.verify(token)
    with pytest.raises(BadToken):
        by_secret.verify(jwt.encode(claims(), EC_KEY, "ES256", {"kid": "ec"}))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "smelt_0123456789", "é.é.é", "e30.e30."])
def test_what_is_no_token_is_refused(by_secret: SignInTokens, token: str) -> None:
    with pytest.raises(BadToken):
        by_secret.verify(token)


def test_public_keys_verify_their_own_algorithm(by_keys: SignInTokens) -> None:
    assert by_keys.verify(jwt.encode(claims(), EC_KEY, "ES256", {"kid": "ec"})).user_id == USER
    assert by_keys.verify(jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "rsa"})).user_id == USER


def test_a_public_key_is_never_taken_for_a_shared_secret(by_keys: SignInTokens) -> None:
    header = _base64({"alg": "HS256", "typ": "JWT", "kid": "rsa"})
    body = _base64({**claims(), "exp": 4_000_000_000})
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{body}".encode(), RSA_PEM
    )
    confused = f"{header}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    with pytest.raises(BadToken):
        by_keys.verify(confused)


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [("RS256", "ec"), ("RS256", "unknown"), ("RS512", "rsa"), ("PS256", "rsa"), ("RS256", None)],
)
def test_a_key_of_another_kind_or_name_is_refused(
    by_keys: SignInTokens, algorithm: str, kid: str | None
) -> None:
    token = jwt.encode(claims(), RSA_KEY, algorithm, {"kid": kid} if kid else None)
    with pytest.raises(BadToken):
        by_keys.verify(token)


def test_a_shared_secret_among_the_public_keys_is_not_used(by_keys: SignInTokens) -> None:
    with pytest.raises(BadToken):
        by_keys.verify(jwt.encode(claims(), SECRET, "HS256", {"kid": "oct"}))


def test_keys_out_of_reach_are_told_apart_from_a_bad_token() -> None:
    tokens = SignInTokens(None, PublicKeys("http://127.0.0.1:9/jwks"), "authenticated", None)
    with pytest.raises(KeysUnreachable):
        tokens.verify(jwt.encode(claims(), EC_KEY, "ES256", {"kid": "ec"}))


def test_a_rotated_key_is_fetched_and_a_made_up_one_not_again_and_again(jwks: Jwks) -> None:
    tokens = SignInTokens(None, PublicKeys(jwks.url), "authenticated", None)
    tokens.verify(jwt.encode(claims(), EC_KEY, "ES256", {"kid": "ec"}))
    assert jwks.fetched == 1
    for n in range(20):
        with pytest.raises(BadToken):
            tokens.verify(jwt.encode(claims(), EC_KEY, "ES256", {"kid": f"made up {n}"}))
    assert jwks.fetched <= 2


def signed(kid: str = "ec") -> str:
    return jwt.encode(claims(), EC_KEY, "ES256", {"kid": kid})


def test_a_service_that_is_away_is_not_asked_for_each_token(jwks: Jwks) -> None:
    jwks.answer = (500, KEYS)
    tokens = SignInTokens(None, PublicKeys(jwks.url), "authenticated", None)
    for _ in range(20):
        with pytest.raises(KeysUnreachable):
            tokens.verify(signed())
    assert jwks.fetched == 1


@pytest.mark.parametrize(
    "answer",
    [
        *[(500, KEYS), (200, "<html>maintenance"), (200, {"error": 1}), (200, [1]), None],
        *[(200, "[" * 100_000), RESET],
    ],
)
def test_known_keys_outlive_an_outage_by_a_day(jwks: Jwks, answer: tuple[int, object] | None) -> None:
    """None: nobody listens. A key that isn't known can't be told to be none meanwhile."""
    clock = Clock()
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    tokens.verify(signed())
    if answer is None:
        jwks.stop()
    else:
        jwks.answer = answer
    begun = clock.now
    for age in (FRESH + 1, 3_600.0, STALE - 1):
        clock.now = begun + age
        assert tokens.verify(signed()).user_id == USER
        with pytest.raises(KeysUnreachable):
            tokens.verify(signed("made up"))
    clock.now = begun + STALE + 1
    with pytest.raises(KeysUnreachable):
        tokens.verify(signed())
    if answer is None:
        jwks.start()
    jwks.answer = (200, KEYS)
    clock.now += FAILURE_BACKOFF
    assert tokens.verify(signed()).user_id == USER
    with pytest.raises(BadToken):
        tokens.verify(signed("made up"))


@pytest.mark.parametrize(
    "left", [{"keys": []}, {"keys": KEYS["keys"][1:]}, {"keys": [{"kty": "?", "kid": "ec"}]}]
)
def test_a_withdrawn_key_is_refused_once_the_service_says_so(jwks: Jwks, left: object) -> None:
    clock = Clock()
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    tokens.verify(signed())
    jwks.answer = (200, left)
    assert tokens.verify(signed()).user_id == USER
    clock.now += FRESH + 1
    with pytest.raises(BadToken):
        tokens.verify(signed())
    assert jwks.fetched == 2


def test_a_key_that_is_new_is_found_after_the_cooldown(jwks: Jwks) -> None:
    clock = Clock()
    jwks.answer = (200, {"keys": KEYS["keys"][1:]})
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    with pytest.raises(BadToken):
        tokens.verify(signed())
    jwks.answer = (200, KEYS)
    with pytest.raises(BadToken):
        tokens.verify(signed())
    clock.now += COOLDOWN
    assert tokens.verify(signed()).user_id == USER


def test_known_keys_work_while_made_up_ones_are_looked_for(jwks: Jwks) -> None:
    """An attacker's unknown key ids must not lock out those whose keys are known."""
    clock = Clock()
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    tokens.verify(signed())
    clock.now += COOLDOWN
    jwks.answering.clear()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(tokens.verify, signed("made up"))
        wait_until(lambda: jwks.fetched == 2)
        assert tokens.verify(signed()).user_id == USER
        assert not looking.done()
        jwks.answering.set()
        with pytest.raises(BadToken):
            looking.result()


def test_in_an_outage_nobody_with_a_known_key_waits_for_the_service(jwks: Jwks) -> None:
    """It is asked all the same, in the background, and believed as soon as it answers."""
    clock = Clock()
    tokens = SignInTokens(None, PublicKeys(jwks.url, clock), "authenticated", None)
    tokens.verify(signed())
    jwks.answer = (500, KEYS)
    clock.now += FRESH + 1
    tokens.verify(signed())
    clock.now += FAILURE_BACKOFF
    jwks.answering.clear()
    for _ in range(5):
        assert tokens.verify(signed()).user_id == USER
    wait_until(lambda: jwks.fetched == 3)
    jwks.answer = (200, {"keys": []})
    jwks.answering.set()
    wait_until(lambda: refused(tokens))


def refused(tokens: SignInTokens) -> bool:
    try:
        tokens.verify(signed())
    except BadToken:
        return True
    return False


def test_anonymous_tokens_are_the_same_each_time_and_end() -> None:
    tokens = AnonymousTokens(b"k" * 32, timedelta(days=7))
    smelt, now = uuid4(), datetime.now(UTC)
    token = tokens.issue(smelt, now)
    assert token == tokens.issue(smelt, now)
    assert is_anonymous(token)
    assert tokens.verify(token) == smelt
    with pytest.raises(BadToken):
        tokens.verify(tokens.issue(smelt, now - timedelta(days=8)))
    with pytest.raises(BadToken):
        AnonymousTokens(b"x" * 32, timedelta(days=7)).verify(token)


def test_neither_kind_of_token_passes_for_the_other(by_secret: SignInTokens) -> None:
    anonymous = AnonymousTokens(SECRET.encode(), timedelta(days=7))
    with pytest.raises(BadToken):
        by_secret.verify(anonymous.issue(USER, datetime.now(UTC)))
    with pytest.raises(BadToken):
        anonymous.verify(hs256())


def _base64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
