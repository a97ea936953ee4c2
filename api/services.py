"""What the routes work with: opened once when the service starts, closed when it stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

from anyio import CapacityLimiter
from starlette.requests import Request

from api.auth.derived_secret import derived_key
from api.auth.jwks import PublicKeys
from api.auth.one_use_tickets import OneUseTickets
from api.auth.page_session import PageSessions
from api.auth.rate_limiter import RateLimiter
from api.auth.recent_tokens import RecentTokens
from api.auth.sign_in_service import SignInService
from api.auth.signed_tokens import AnonymousTokens, SignInTokens
from api.events.hub import Hub
from api.events.segments import Segments
from api.events.tickets import Tickets
from api.http.database_share import DatabaseShare
from api.server.readiness import Readiness
from api.smelts.staging import Staging
from api.smelts.uploads import Uploads
from api.smelts.views import Views
from db.accounts.profiles import Profile
from db.readiness import able_to_serve
from db.session import Database
from pipeline.content.keyring import KeyRing
from pipeline.content.store import ContentStore
from pipeline.net.networks import Network, networks
from pipeline.settings import Settings
from workers.notifications.queue_notifications import QueueNotifier, make_circuit

MOST_POSTERS = 20_000  # remembered; about 20 MB
KEY_CHECKS = 8  # of users' API keys with their provider, at once
SIGN_INS = 8  # requests to the sign-in service, at once


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    share: DatabaseShare
    readiness: Readiness
    views: Views
    content: ContentStore
    keyring: KeyRing
    notifier: QueueNotifier
    rate_limiter: RateLimiter
    hub: Hub
    tickets: Tickets
    one_use: OneUseTickets
    page_sessions: PageSessions
    sign_in_service: SignInService | None
    sign_in: SignInTokens
    anonymous: AnonymousTokens
    token_owners: RecentTokens[UUID]
    posters: RecentTokens[Profile]
    proxies: tuple[Network, ...]
    webhook_networks: tuple[Network, ...]
    ip_key: bytes
    fingerprint_key: bytes
    uploads: Uploads
    staging: Staging
    # Threads of their own: a provider's silence must not take those of all requests
    key_checks: CapacityLimiter
    sign_ins: CapacityLimiter


def services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Raises SettingMissing, or ValueError for a setting that can't be read."""
    secret = settings.need("ip_hash_secret").encode()
    keyring = KeyRing.parse(settings.need("keyring"))
    url, allow_http = settings.need("content_url"), settings.s3_allow_http
    content = ContentStore.open_url(url, allow_http=allow_http)
    hasty = ContentStore.open_url(url, allow_http=allow_http, make=False, hasty=True)
    redis = settings.need("redis_url"), settings.redis_namespace
    circuit = make_circuit(settings.need("redis_url"))  # one: no request waits for Redis twice
    notifier, rate_limiter, one_use = (
        QueueNotifier(*redis, circuit),
        RateLimiter(*redis, circuit),
        OneUseTickets(*redis),
    )
    database = Database(
        settings.need("database_url"),
        process="smelt api",
        pool_size=settings.database_pool,
        on_change=notifier.announce,
        on_delivery=notifier.notify_webhooks,
    )
    keys = PublicKeys(settings.jwt_jwks_url) if settings.jwt_jwks_url else None
    views = Views(database)
    try:
        if keys is not None:
            keys.warm()
        yield Services(
            settings=settings,
            database=database,
            readiness=Readiness(able_to_serve(database, keyring, hasty)),
            share=DatabaseShare(settings.database_share),
            views=views,
            content=content,
            keyring=keyring,
            notifier=notifier,
            rate_limiter=rate_limiter,
            hub=Hub(
                database,
                views,
                Segments(database, content, keyring),
                *redis,
                heartbeat=settings.heartbeat_seconds,
            ),
            tickets=Tickets(one_use),
            one_use=one_use,
            page_sessions=PageSessions(derived_key(secret, "page session")),
            sign_in_service=SignInService(settings.web_auth_url, settings.web_auth_key)
            if settings.web_auth_url
            else None,
            sign_in=SignInTokens(
                settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
                keys,
                settings.jwt_audience,
                settings.jwt_issuer,
            ),
            anonymous=AnonymousTokens(
                derived_key(secret, "anonymous token"), timedelta(seconds=settings.content_max_age)
            ),
            token_owners=RecentTokens(),
            posters=RecentTokens(MOST_POSTERS),
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
            key_checks=CapacityLimiter(KEY_CHECKS),
            sign_ins=CapacityLimiter(SIGN_INS),
        )
    finally:
        one_use.close()
        rate_limiter.close()
        notifier.close()
        database.close()
