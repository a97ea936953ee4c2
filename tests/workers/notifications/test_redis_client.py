"""What the URL of Redis says comes to redis-py: a server's address, or that of the sentinels that know it."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.settings import Settings
from workers.notifications.redis_client import make_async_client, make_client


@pytest.mark.parametrize(
    ("url", "sentinels", "expected"),
    [
        ("redis+sentinel://one/smelt", [("one", 26379)], {"db": 0}),
        ("redis+sentinel://one:1,two:2/smelt/3", [("one", 1), ("two", 2)], {"db": 3}),
        ("redis+sentinel://:p%2F%40@one,[::1]:5/smelt", [("one", 26379), ("::1", 5)], {"password": "p/@"}),
        ("redis+sentinel://me:pw@one/smelt?protocol=3", [("one", 26379)], {"username": "me", "protocol": 3}),
    ],
)
def test_sentinels_are_asked_for_the_server(
    url: str, sentinels: list[tuple[str, int]], expected: dict[str, object]
) -> None:
    for client in (make_client(url, 0.25), make_async_client(url)):
        pool: Any = client.connection_pool
        found = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
        assert [(one["host"], one["port"]) for one in found] == sentinels
        assert pool.service_name == "smelt"
        assert expected.items() <= pool.connection_kwargs.items()
        assert not any(one.get("password") or one.get("username") for one in found)


def test_sentinels_have_credentials_of_their_own_and_the_same_tls() -> None:
    url = "rediss+sentinel://:of-servers@one/smelt?ssl_ca_certs=/ca.pem&sentinel_password=of-sentinels"
    for client in (make_client(url, 0.25), make_async_client(url)):
        pool: Any = client.connection_pool
        [sentinel] = pool.sentinel_manager.sentinels
        for options, password, kind in (
            (pool.connection_kwargs, "of-servers", pool.connection_class),
            (
                sentinel.connection_pool.connection_kwargs,
                "of-sentinels",
                sentinel.connection_pool.connection_class,
            ),
        ):
            assert options["password"] == password
            assert options["ssl_ca_certs"] == "/ca.pem"
            assert "SSL" in kind.__name__


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://one",
        "redis+sentinel:///smelt",
        "redis+sentinel://one/smelt/first",
        "redis+sentinel://:p@ss@one/smelt",
        "redis+cluster://one/smelt",
    ],
)
def test_what_names_no_service_is_told_at_once(url: str) -> None:
    with pytest.raises(ValidationError, match=r"REDIS_URL\n.*must b") as told:
        Settings.model_validate({"REDIS_URL": url})
    assert "p@ss" not in str(told.value)
