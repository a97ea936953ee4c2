"""Which service both clients speak to, and as whom."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2

from smelt_client.errors import Misused

SERVER = "http://127.0.0.1:8000"
LONGEST_CONNECT = 10.0  # seconds
VISIBLE_ASCII = re.compile(r"[!-~]+")


@contextmanager
def checked(server: str) -> Iterator[None]:
    """Raises Misused for an address that is none, also of a proxy from the environment."""
    if not server.startswith(("http://", "https://")):
        raise Misused(
            f"the server's address must begin with http:// or https://, not {server.rpartition('@')[2]}"
        )
    try:
        _ = urlsplit(
            server
        ).port  # ValueError for a number that no port has: connecting would name another cause
        yield
    except (httpx2.InvalidURL, ValueError) as error:
        raise Misused(f"the server's address or its proxy's can't be used: {error}") from None


def authorize(headers: httpx2.Headers, token: str | None) -> None:
    """None: as whoever it is already. Raises Misused."""
    if token is None:
        return
    if not VISIBLE_ASCII.fullmatch(token):
        raise Misused("the token has characters that no token has")
    headers["Authorization"] = f"Bearer {token}"


def patience(seconds: float) -> httpx2.Timeout:
    """`seconds`: without a byte."""
    return httpx2.Timeout(seconds, connect=min(seconds, LONGEST_CONNECT))
