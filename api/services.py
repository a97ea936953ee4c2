"""What the routes work with: opened once when the service starts, closed when it stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from anyio import CapacityLimiter
from starlette.requests import Request

from api.database_share import DatabaseShare
from api.endings import Endings
from api.hub import Hub
from api.pace import Pace
from api.public_keys import PublicKeys
from api.readiness import Readiness
from api.secret import derived_key
from api.staging import Staging
from api.tickets import Tickets
from api.token_owners import TokenOwners
from api.tokens import AnonymousTokens, SignInTokens
from api.uploads import Uploads
from api.views import Views
from db.session import Database
from pipeline.content import ContentStore
from pipeline.keyring import KeyRing
from pipeline.networks import Network, networks
from pipeline.settings import Settings
from workers.wake import Doorbell, make_circuit

KEY_CHECKS = 8  # of users' API keys with their provider, at once


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    share: DatabaseShare
    readiness: Readiness
    views: Views
    content: ContentStore
    keyring: KeyRing
    doorbell: Doorbell
    pace: Pace
    hub: Hub
    tickets: Tickets
    sign_in: SignInTokens
    anonymous: AnonymousTokens
    token_owners: TokenOwners
    proxies: tuple[Network, ...]
    webhook_networks: tuple[Network, ...]
    ip_key: bytes
    fingerprint_key: bytes
    uploads: Uploads
    staging: Staging
    endings: Endings
    key_checks: (
        CapacityLimiter  # threads of their own: a provider's silence must not take those of all requests
    )


def services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Raises SettingMissing, or ValueError for a setting that can't be read."""
    secret = settings.need("ip_hash_secret").encode()
    keyring = KeyRing.parse(settings.need("keyring"))
    content = ContentStore.open_url(settings.need("content_url"))
    redis = settings.need("redis_url"), settings.redis_namespace
    circuit = make_circuit(settings.need("redis_url"))  # one: no request waits for Redis twice
    doorbell, pace, tickets = Doorbell(*redis, circuit), Pace(*redis, circuit), Tickets(*redis)
    database = Database(
        settings.need("database_url"),
        pool_size=settings.database_pool,
        on_change=doorbell.announce,
        on_delivery=doorbell.ring_for_webhooks,
    )
    keys = PublicKeys(settings.jwt_jwks_url) if settings.jwt_jwks_url else None
    views = Views(database)
    try:
        if keys is not None:
            keys.warm()
        yield Services(
            settings=settings,
            database=database,
            readiness=Readiness(database),
            share=DatabaseShare(settings.database_share),
            views=views,
            content=content,
            keyring=keyring,
            doorbell=doorbell,
            pace=pace,
            hub=Hub(database, views, *redis, heartbeat=settings.heartbeat_seconds),
            tickets=tickets,
            sign_in=SignInTokens(
                settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
                keys,
                settings.jwt_audience,
                settings.jwt_issuer,
            ),
            anonymous=AnonymousTokens(
                derived_key(secret, "anonymous token"), timedelta(seconds=settings.content_max_age)
            ),
            token_owners=TokenOwners(),
            proxies=networks(settings.trusted_proxies),
            webhook_networks=networks(settings.webhook_allowed_networks),
            ip_key=derived_key(secret, "address"),
            fingerprint_key=derived_key(secret, "request fingerprint"),
            uploads=Uploads(),
            staging=Staging(
                content,
                per_caller=settings.staged_bytes_per_caller,
                in_all=settings.staged_bytes,
                floor=settings.content_free_bytes,
            ),
            endings=Endings(database),
            key_checks=CapacityLimiter(KEY_CHECKS),
        )
    finally:
        tickets.close()
        pace.close()
        doorbell.close()
        database.close()
