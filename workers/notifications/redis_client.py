"""Clients of the Redis that REDIS_URL names: one server, or by its sentinels the one that is primary at the moment.

    redis+sentinel://user:password@host:26379,host:26379/service/0?sentinel_password=…

Credentials are the servers'; `rediss+sentinel` is TLS, with the sentinels too. What else redis-py reads from a URL's
query is for the servers. A new connection asks the sentinels, in their order, which server it goes to; that costs one
exchange more, and as many timeouts as there are silent ones before the first that answers.
"""

from typing import Any
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.connection import parse_url as parse_async
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

from pipeline.setting_forms import SENTINEL_URL

CONNECT_SECONDS = 5.0
SENTINEL_PORT = 26_379
OF_THE_SENTINELS = "sentinel_"  # how options of theirs begin in the query


def make_client(redis_url: str, timeout: float | None) -> redis.Redis:
    """One that tries each exchange once. `timeout`: seconds after which it is given up."""
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout or CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    if SENTINEL_URL.fullmatch(redis_url) is None:
        return redis.Redis.from_url(redis_url, **options)
    hosts, service, of_servers, of_sentinels = _parse(redis_url, parse_url)
    untyped: Any = Sentinel  # redis-py says nothing of its types
    client: redis.Redis = untyped(
        hosts, sentinel_kwargs={**of_sentinels, **options}, **{**of_servers, **options}
    ).master_for(service)
    return client


def make_async_client(redis_url: str, **options: Any) -> redis.asyncio.Redis:
    """`options`: redis-py's."""
    if SENTINEL_URL.fullmatch(redis_url) is None:
        return redis.asyncio.Redis.from_url(redis_url, **options)
    hosts, service, of_servers, of_sentinels = _parse(redis_url, parse_async)
    limits = {name: value for name, value in options.items() if name.startswith("socket_")}
    untyped: Any = AsyncSentinel
    client: redis.asyncio.Redis = untyped(
        hosts, sentinel_kwargs={**of_sentinels, **limits}, **{**of_servers, **options}
    ).master_for(service)
    return client


def _parse(redis_url: str, parse: Any) -> tuple[list[tuple[str, int]], str, dict[str, Any], dict[str, Any]]:
    """The sentinels' addresses, the service's name, and redis-py's options for its servers and for the sentinels."""
    found = SENTINEL_URL.fullmatch(redis_url)
    assert found is not None  # noqa: S101 - the caller's question
    scheme, credentials, hosts, service, database, query = found.groups(default="")
    of_servers = dict(parse(f"{scheme}://{credentials}-/{database or 0}{query}"))
    of_servers.pop("host")
    secured = of_servers.pop("connection_class", None) is not None
    of_sentinels = {
        name.removeprefix(OF_THE_SENTINELS): of_servers.pop(name)
        for name in [*of_servers]
        if name.startswith(OF_THE_SENTINELS)
    }
    if secured:
        tls = {name: value for name, value in of_servers.items() if name.startswith("ssl_")}
        of_sentinels |= {**tls, "ssl": True}
        of_servers["ssl"] = True
    return [_address(host) for host in hosts.split(",")], service, of_servers, of_sentinels


def _address(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    return parts.hostname or "", parts.port or SENTINEL_PORT
