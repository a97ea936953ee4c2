"""The SDK's client, set up to do nothing of its own accord.

Its retries are off (when to call again is decided outside), redirects are refused (content goes to the configured
server only), and the keys, addresses and headers that it would take from the environment are overridden. Only a proxy
is still taken from there, as by any other program. Its connections are aiohttp's, as it offers for many calls at
once: a call takes a quarter less processor time. But aiohttp may send on a connection that the server has just closed,
and sends no POST again (RFC 9112, section 9.3.1): that is done here.
"""

import logging
from typing import Any

from aiohttp import ClientConnectorError
from httpx2 import ConnectError, ConnectTimeout, RemoteProtocolError, Request, Response
from openai import AsyncOpenAI, DefaultAioHttpClient, Timeout
from pydantic import SecretStr

from pipeline.llm.engines.base import OPENAI_URL

_NO_KEY = "none"  # servers without keys ignore it, the SDK insists on one
_CONNECT_SECONDS = 10.0


class _Client(DefaultAioHttpClient):
    """Sends again what met a closed connection. And tells a server that ends a connection from one that can't be
    reached: the transport takes both for the latter.
    """

    _reuses = False  # a connection of an earlier call may still stand

    async def send(self, request: Request, **options: Any) -> Response:
        try:
            response = await self._sent(request, **options)
        except RemoteProtocolError as error:
            if not self._reuses:
                raise
            try:
                response = await self._sent(request, **options)
            except (ConnectError, ConnectTimeout):
                raise error from None  # it was reached before: what was sent may be why it is away
        self._reuses = True
        return response

    async def _sent(self, request: Request, **options: Any) -> Response:
        try:
            return await super().send(request, **options)
        except ConnectTimeout as error:
            if isinstance(error.__cause__, ClientConnectorError | TimeoutError):
                raise
            raise RemoteProtocolError(str(error), request=request) from error


def make_client(base_url: str | None, api_key: SecretStr | None, timeout: float) -> AsyncOpenAI:
    """`base_url` None is OpenAI's own; `timeout` is in seconds, between any two bytes of an answer."""
    for name in ("openai", "httpx2", "aiohttp"):  # their debug and info lines hold addresses and bodies
        logging.getLogger(name).setLevel(logging.WARNING)
    key = api_key.get_secret_value() if api_key else _NO_KEY
    client = AsyncOpenAI(
        api_key=key,
        base_url=base_url or OPENAI_URL,
        max_retries=0,
        timeout=Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
        default_headers={"Authorization": f"Bearer {key}"},
        http_client=_Client(follow_redirects=False),
    )
    client.organization = client.project = None
    return client
