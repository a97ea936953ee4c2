"""Types of settings that only some part of the service could read: told at once, before anything is started.

What a ValueError here says goes to the one at the keyboard; it never shows the value.
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from pipeline.content.keyring import KeyRing

# A second @ would make the end of the password a host, which errors name
_DATABASE = re.compile(r"[^:]+://([^:/@]*(:[^@]*)?@)?(\[[^\[\]]*\]|[^\[\]/:?@]*)(:\d+)?([/?].*)?")
# Scheme, credentials, the sentinels' addresses, the service's name, the database's number, options
SENTINEL_URL = re.compile(
    r"(rediss?)\+sentinel://([^/@?#]*@)?([^/@?#,]+(?:,[^/@?#,]+)*)/([^/?#]+)(?:/(\d+))?(\?[^#]*)?"
)

T = TypeVar("T", SecretStr | None, str | None)


def _begins_with(*schemes: str) -> Callable[[T], T]:
    def check(value: T) -> T:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not text.startswith(schemes):
            raise ValueError(f"must begin with {' or '.join(schemes)}")
        return value

    return check


def _database(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _DATABASE.fullmatch(value.get_secret_value()):
        raise ValueError("must be a URL whose port is a number, and @ in its password written as %40")
    return value


def _redis(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    url = value.get_secret_value()
    if url.startswith(("redis+", "rediss+")) and not SENTINEL_URL.fullmatch(url):
        raise ValueError(
            "must be as redis+sentinel://host:26379,host:26379/service, with @ in its password written as %40"
        )
    return value


def _key_ring(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        KeyRing.parse(value.get_secret_value())
    return value


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        try:
            ip_network(text, strict=False)
        except ValueError:
            raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None
    return value


PostgresUrl = Annotated[
    SecretStr | None,
    AfterValidator(_begins_with("postgresql://", "postgres://", "postgresql+psycopg://")),
    AfterValidator(_database),
]
HttpUrl = Annotated[str | None, AfterValidator(_begins_with("http://", "https://"))]
RedisUrl = Annotated[
    SecretStr | None,
    AfterValidator(
        _begins_with("redis://", "rediss://", "unix://", "redis+sentinel://", "rediss+sentinel://")
    ),
    AfterValidator(_redis),
]
ContentUrl = Annotated[str | None, AfterValidator(_begins_with("file:///", "s3://", "gs://", "az://"))]
KeyRingText = Annotated[SecretStr | None, AfterValidator(_key_ring)]
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[CommaSeparated, AfterValidator(_networks)]
