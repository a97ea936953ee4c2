"""Who is asking: a signed-in user, or an anonymous visitor, who may hold the token of one smelt.

A token that is given and not valid is refused; it never makes its bearer anonymous.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import Connection
from starlette.requests import Request

from api.address import client_address, ip_hash
from api.errors import ApiError
from api.services import Services, services
from api.tokens import BadToken, KeysUnreachable, Subject, is_anonymous
from db.profiles import Profile, ensure_profile
from pipeline.states import ApiKeyStatus, Tier

MAX_TOKEN_CHARS = 8_192
RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class User:
    """Signed in; her profile exists."""

    user_id: UUID
    profile: Profile

    @property
    def tenant(self) -> str:
        return f"user:{self.user_id}"

    @property
    def tier(self) -> Tier:
        return Tier.OWN_KEY if self.profile.api_key_status is ApiKeyStatus.VALID else Tier.CREDITS


@dataclass(frozen=True, slots=True)
class Visitor:
    """Anonymous. `smelt_id`: the one smelt that the token opens, if a token was given."""

    ip_hash: str
    smelt_id: UUID | None

    @property
    def tenant(self) -> str:
        return f"ip:{self.ip_hash}"

    @property
    def tier(self) -> Tier:
        return Tier.ANONYMOUS

    @property
    def user_id(self) -> None:
        return None


Caller = User | Visitor


def authenticate(request: Request) -> Subject | Visitor:
    """Whom the token speaks for. Blocks on the sign-in service when its keys aren't cached.

    Raises ApiError `invalid_token`, `unavailable`.
    """
    shared = services(request)
    token = _bearer(request)
    if token is None:
        return _visitor(request, shared, None)
    try:
        if is_anonymous(token):
            return _visitor(request, shared, shared.anonymous.verify(token))
        return shared.sign_in.verify(token)
    except BadToken:
        raise ApiError("invalid_token") from None
    except KeysUnreachable:
        raise ApiError(
            "unavailable", "The sign-in service is out of reach.", retry_after=RETRY_SECONDS
        ) from None


def recognize(conn: Connection, shared: Services, who: Subject | Visitor) -> Caller:
    """The caller with her profile, made at the first sign-in; for the service role. Raises ApiError."""
    if isinstance(who, Visitor):
        return who
    profile = ensure_profile(conn, who.user_id, who.email, shared.settings.weekly_credits)
    if profile is None:
        raise ApiError("invalid_token", "The user does not exist.")
    return User(who.user_id, profile)


def identify(request: Request) -> Caller:
    """Raises ApiError as its two steps do."""
    shared = services(request)
    who = authenticate(request)
    if isinstance(who, Visitor):
        return who
    with shared.database.service() as conn:
        return recognize(conn, shared, who)


def identify_user(request: Request) -> User:
    """Raises ApiError `authentication_required` as well."""
    caller = identify(request)
    if isinstance(caller, Visitor):
        raise ApiError("authentication_required")
    return caller


AnyCaller = Annotated[Caller, Depends(identify)]
SignedIn = Annotated[User, Depends(identify_user)]


def _bearer(request: Request) -> str | None:
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise ApiError("invalid_token")
    return token


def _visitor(request: Request, shared: Services, smelt_id: UUID | None) -> Visitor:
    day = datetime.now(UTC).date()
    address = client_address(request, shared.proxies)
    return Visitor(ip_hash(shared.ip_key, day, address), smelt_id)
