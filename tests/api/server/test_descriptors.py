"""Connections never use up the file descriptors of the process, so that no post is refused for want of one."""

import errno
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import pytest

from api.translations import translated
from pipeline.content.errors import ContentUnavailable
from tests.support.api_processes import OneApi, one_api
from tests.support.cast import Cast, make_cast
from tests.support.connections import ATTACKER, OTHER, Attack, Bare, client_from
from tests.support.engines import Servers
from tests.support.waiting import wait_until

FEW = 512  # descriptors
NOTE = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


@pytest.mark.parametrize(("reason", "code"), [(errno.EMFILE, "busy"), (errno.EACCES, "unavailable")])
def test_a_store_that_lacks_a_descriptor_is_not_away(reason: int, code: str) -> None:
    error = ContentUnavailable()
    error.__cause__ = OSError(reason, "")
    assert translated(error).code == code


@dataclass(frozen=True)
class Small:
    """An API whose process may have only `FEW` descriptors, the soft limit lower still."""

    api: OneApi
    process: psutil.Process

    @property
    def url(self) -> str:
        return self.api.url

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port


@pytest.fixture(scope="module")
def small(servers: Servers, migrated_template: str) -> Iterator[Small]:
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        pytest.skip("needs util-linux' prlimit")
    limit = f"--nofile={FEW // 2}:{FEW}"
    with one_api(servers, migrated_template, prlimit, limit, weekly_credits=1_000) as api:
        yield Small(api, psutil.Process(api.pid))


@pytest.fixture(scope="module")
def cast(small: Small) -> Cast:
    return make_cast(small.api.owner_url, small.api.settings)


def idle(bare: Bare, headers: dict[str, str], smelt: str) -> None:
    """Nothing is sent at all."""


def stream(bare: Bare, headers: dict[str, str], smelt: str) -> None:
    bare.ask("GET", f"/v1/smelts/{smelt}/events", headers)


def slow_post(bare: Bare, headers: dict[str, str], smelt: str) -> None:
    """A file that has begun, so that there is one in the content store too."""
    kind = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "1000000"}
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"a " * 1_000
    bare.ask("POST", "/v1/smelts", headers | kind, part)


def unread(bare: Bare, headers: dict[str, str], smelt: str) -> None:
    bare.ask("GET", "/openapi.json")
    bare.send(b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n" * 59)


def kept_alive(bare: Bare, headers: dict[str, str], smelt: str) -> None:
    bare.ask("GET", "/v1/default-prompts")


def test_the_limit_is_raised_and_what_follows_from_it_is_told(small: Small) -> None:
    assert small.process.rlimit(psutil.RLIMIT_NOFILE) == (FEW, FEW)
    told = next(line for line in small.api.log.splitlines() if "limits: " in line)
    assert f"file descriptors: {FEW}" in told
    assert "169 connections (42 each)" in told


@pytest.mark.timeout(180)
@pytest.mark.parametrize("act", [idle, stream, slow_post, unread, kept_alive])
def test_one_address_with_any_number_of_connections(
    small: Small, cast: Cast, act: Callable[[Bare, dict[str, str], str], None]
) -> None:
    """More than there are descriptors. Others go on, no store is said to be away, and all is free again afterwards."""
    with client_from(OTHER, small.url, cast.bob.headers) as bob, Attack(small.address) as attack:
        with client_from(ATTACKER, small.url, cast.ada.headers) as ada:
            smelt = ada.post("/v1/smelts", json=NOTE).raise_for_status().json()["id"]
        assert bob.post("/v1/smelts", json=NOTE).status_code == 202
        before = small.process.num_fds()
        for n in range(FEW + 100):
            act(attack.open(ATTACKER), cast.ada.headers, smelt)
            if n % 50 == 0:
                with client_from(OTHER, small.url, cast.bob.headers) as other:
                    assert other.post("/v1/smelts", json=NOTE).status_code == 202
                    assert other.get("/v1/usage").status_code == 200
                    assert other.get("/healthz").status_code == other.get("/readyz").status_code == 200
                assert small.process.num_fds() < FEW
        attack.close()
        wait_until(lambda: small.process.num_fds() <= before + 45, 60)  # Redis and files of as many threads
        assert bob.post("/v1/smelts", json=NOTE).status_code == 202
    for trouble in ("content store", "Errno 24", "Traceback"):
        assert trouble not in small.api.log


@pytest.mark.timeout(180)
def test_many_addresses_together(small: Small, cast: Cast) -> None:
    """They may take all connections, and no more: what has begun goes on, and whoever comes is told."""
    with client_from(OTHER, small.url, cast.bob.headers) as bob, Attack(small.address) as attack:
        assert bob.post("/v1/smelts", json=NOTE).status_code == 202
        for n in range(FEW + 100):
            slow_post(attack.open(f"127.0.1.{1 + n % 40}"), cast.ada.headers, "")
            assert small.process.num_fds() < FEW
        for _ in range(5):
            assert bob.get("/v1/usage").status_code == 200  # on the connection that is open
        assert bob.post("/v1/smelts", json=NOTE).status_code in (202, 503)
        attack.close()

        def served() -> bool:
            with client_from(OTHER, small.url, cast.bob.headers) as other:
                return other.post("/v1/smelts", json=NOTE).status_code == 202

        wait_until(served, 60)
    assert "content store" not in small.api.log


def test_one_who_is_one_too_many_is_told_so(small: Small) -> None:
    """And health is told to anyone."""
    with Attack(small.address) as attack:
        for _ in range(42):
            attack.open(ATTACKER)
        with client_from(ATTACKER, small.url) as client:
            refused = client.get("/v1/default-prompts")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert refused.headers["Retry-After"] == "2"
            assert refused.headers["Connection"] == "close"
            assert client.get("/healthz").status_code == 200
        for n in range(169 - 42):  # until all are taken
            attack.open(f"127.0.1.{1 + n % 40}")
        with client_from(OTHER, small.url) as client:
            refused = client.get("/v1/default-prompts")
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
