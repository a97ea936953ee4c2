"""What the routes work with: opened once when the service starts, closed when it stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from pydantic import SecretStr
from starlette.requests import Request

from api.address import Network, networks
from api.secret import derived_key
from api.tokens import AnonymousTokens, SignInTokens
from db.session import Database
from pipeline.content import ContentStore
from pipeline.keyring import KeyRing
from pipeline.settings import Settings
from workers.wake import Doorbell


class SettingMissing(Exception):
    """The service can't start without this setting."""


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    content: ContentStore
    keyring: KeyRing
    doorbell: Doorbell
    sign_in: SignInTokens
    anonymous: AnonymousTokens
    proxies: tuple[Network, ...]
    ip_key: bytes
    fingerprint_key: bytes


def services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Raises SettingMissing, or ValueError for a setting that can't be read."""
    secret = _needed(_plain(settings.ip_hash_secret), "SMELT_IP_HASH_SECRET").encode()
    keyring = KeyRing.parse(_needed(_plain(settings.keyring), "SMELT_KEYRING"))
    content = ContentStore.open_url(_needed(settings.content_url, "SMELT_CONTENT_URL"))
    database = Database(
        _needed(_plain(settings.database_url), "DATABASE_URL"), pool_size=settings.database_pool
    )
    doorbell = Doorbell(_needed(_plain(settings.redis_url), "REDIS_URL"), settings.redis_namespace)
    try:
        yield Services(
            settings=settings,
            database=database,
            content=content,
            keyring=keyring,
            doorbell=doorbell,
            sign_in=SignInTokens(
                _plain(settings.jwt_secret),
                settings.jwt_jwks_url,
                settings.jwt_audience,
                settings.jwt_issuer,
            ),
            anonymous=AnonymousTokens(
                derived_key(secret, "anonymous token"), timedelta(seconds=settings.content_max_age)
            ),
            proxies=networks(settings.trusted_proxies),
            ip_key=derived_key(secret, "address"),
            fingerprint_key=derived_key(secret, "request fingerprint"),
        )
    finally:
        doorbell.close()
        database.close()


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _needed(value: str | None, name: str) -> str:
    if not value:
        raise SettingMissing(f"{name} is not set")
    return value
