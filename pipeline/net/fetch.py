"""One GET or POST to a server of the operator's choice: one deadline for all of it, a bounded reply.

An HTTP client's own limits are per read, so a server that sends a byte now and then, of the head too, would hold its
caller for hours. Here everything, the resolver included, runs in a coroutine that is canceled at the deadline: that is
what it is asynchronous for. A resolver that hangs keeps a thread of its own until the system gives it up, but nobody
else.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

MOST_REDIRECTS = 3

for _name in ("httpx2", "httpcore2"):  # their debug and info lines hold addresses and headers
    logging.getLogger(_name).setLevel(logging.WARNING)


class FetchFailed(Exception):
    """No reply that may be used came in time. The message names the kind of failure alone."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`body`: as it was sent; empty where none was wanted."""

    status: int
    body: bytes


def fetch(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    deadline: float,
    most_bytes: int = 0,
    redirects: int = 0,
    tls: ssl.SSLContext | None = None,
    body: bytes | None = None,
) -> Fetched:
    """Blocks for up to `deadline` seconds, in a thread that runs no event loop.

    `most_bytes`: of the body; 0: it isn't read. `redirects`: how many are followed, without `headers`, and never from
    https to http; beyond them a redirect is the reply. `tls`: which certificates are believed; None: the system's.
    `body`: what is posted, with `redirects` 0; None: it is a GET. Raises FetchFailed.
    """
    loop = (
        asyncio.SelectorEventLoop()
    )  # whatever the process's own loops are: this one resolves in plain threads
    try:
        return loop.run_until_complete(
            _within(deadline, _Get(most_bytes, redirects, tls), url, headers or {}, body)
        )
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
        raise FetchFailed(type(error).__name__) from None
    finally:
        loop.close()  # doesn't wait for the resolver's thread


async def _within(
    deadline: float, get: "_Get", url: str, headers: Mapping[str, str], body: bytes | None
) -> Fetched:
    async with (
        asyncio.timeout(deadline),
        httpx2.AsyncClient(timeout=deadline, verify=get.tls or True, follow_redirects=False) as client,
    ):
        method = "GET" if body is None else "POST"
        request = client.build_request(method, url, headers={**_PLAIN, **headers}, content=body)
        return await get.run(client, request)


_PLAIN = {"Accept-Encoding": "identity", "Connection": "close"}  # what is counted is what is read


@dataclass(frozen=True, slots=True)
class _Get:
    most_bytes: int
    redirects: int
    tls: ssl.SSLContext | None

    async def run(self, client: httpx2.AsyncClient, request: httpx2.Request) -> Fetched:
        for left in range(self.redirects, -1, -1):
            reply = await client.send(request, stream=True)
            try:
                if reply.next_request is None or left == 0:
                    return Fetched(reply.status_code, await self._body(reply))
                onward = reply.next_request.url
            finally:
                await reply.aclose()
            if request.url.scheme == "https" and onward.scheme != "https":
                raise ValueError("a redirect to a connection in the clear")
            request = client.build_request("GET", onward, headers=_PLAIN)
        raise AssertionError("unreachable")

    async def _body(self, reply: httpx2.Response) -> bytes:
        """Raises ValueError where it is longer than it may be, or encoded."""
        if self.most_bytes == 0:
            return b""
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise ValueError("an encoded body")
        body = bytearray()
        async for chunk in reply.aiter_raw():
            body += chunk
            if len(body) > self.most_bytes:
                raise ValueError("the body is too long")
        return bytes(body)
