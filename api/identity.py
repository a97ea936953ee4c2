"""Who is asking: a signed-in user, her machine, or an anonymous visitor, who may hold the token of one smelt.

A token that is given and not valid is refused; it never makes its bearer anonymous. Every request that is asked for
its caller counts against the caller's rate; one whose token is refused, against its address's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import Connection
from starlette.requests import Request

from api.address import client_address, ip_hash
from api.concurrency import count_for_tenant
from api.errors import ApiError
from api.machine_tokens import is_machine_token, token_hash
from api.public_keys import KeysUnreachable
from api.rate import Rate
from api.rate_headers import note
from api.services import Services, services
from api.tokens import BadToken, Subject, is_anonymous
from db.api_tokens import use_token
from db.profiles import Profile, SignIn, ensure_profile, get_profile
from pipeline.states import ApiKeyStatus, Tier

MAX_TOKEN_CHARS = 8_192
RETRY_SECONDS = 5.0
TOO_MANY = "More requests than your rate allows: wait as long as `Retry-After` says."


@dataclass(frozen=True, slots=True)
class User:
    """Signed in; her profile exists. `machine`: by a machine token."""

    user_id: UUID
    profile: Profile
    machine: bool = False

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


@dataclass(frozen=True, slots=True)
class Machine:
    """Holds something in the shape of a machine token; whose it is, if anyone's, the database knows."""

    token_hash: bytes


Caller = User | Visitor
Claimant = Subject | Machine | Visitor


def authenticate(request: Request) -> Claimant:
    """Whom the token speaks for, counted. Blocks on the sign-in service when its keys aren't cached, and on Redis.

    Raises ApiError `invalid_token`, `unavailable`, `too_many_requests`.
    """
    shared = services(request)
    try:
        who = _claimant(request, shared)
    except BadToken:
        count_address(request)
        raise ApiError("invalid_token") from None
    except KeysUnreachable:
        count_address(request)
        raise ApiError(
            "unavailable", "The sign-in service is out of reach.", retry_after=RETRY_SECONDS
        ) from None
    count(request, who)
    return who


def count(request: Request, who: Claimant) -> None:
    """Counts the request against the caller's rate, and a user's among those under way.

    Raises ApiError `too_many_requests`.
    """
    settings = services(request).settings
    match who:
        case Visitor():
            pace(request, who.tenant, Rate(settings.rate_anonymous))
        case Machine():
            pace(request, f"token:{who.token_hash.hex()}", Rate(settings.rate_signed_in))
        case Subject():
            pace(request, f"user:{who.user_id}", Rate(settings.rate_signed_in))
            count_for_tenant(request, f"user:{who.user_id}")


def count_address(request: Request) -> None:
    """Counts the request against its address's rate. Raises ApiError `too_many_requests`."""
    count(request, _visitor(request, services(request), None))


def pace(request: Request, caller: str, rate: Rate) -> None:
    """Raises ApiError `too_many_requests`."""
    ruling = services(request).pace.take(caller, rate)
    note(request.scope, ruling)
    if not ruling.allowed:
        raise ApiError("too_many_requests", TOO_MANY, retry_after=ruling.retry_after)


def recognize(request: Request, conn: Connection, who: Claimant) -> Caller:
    """The caller with her profile, made at the first sign-in; for the service role. Raises ApiError."""
    match who:
        case Visitor():
            return who
        case Machine():
            user = _owner_of(request, conn, who)
            count_for_tenant(request, user.tenant)
            return user
        case Subject():
            return _signed_in(services(request), conn, who)


def identify(request: Request) -> Caller:
    """Found once for each request, so that it counts once. Raises ApiError as its two steps do."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = _identify(request)
    return known


def _identify(request: Request) -> Caller:
    who = authenticate(request)
    if isinstance(who, Visitor):
        return who
    with services(request).database.service() as conn:
        return recognize(request, conn, who)


def identify_user(request: Request) -> User:
    """Raises ApiError `authentication_required` as well."""
    caller = identify(request)
    if isinstance(caller, Visitor):
        raise ApiError("authentication_required")
    return caller


def identify_owner(request: Request) -> User:
    """Not by a machine token: one that leaks must not make others, nor take the account away.

    Raises ApiError `sign_in_required` as well.
    """
    user = identify_user(request)
    if user.machine:
        raise ApiError("sign_in_required", "A machine token can't manage the account; sign in.")
    return user


AnyCaller = Annotated[Caller, Depends(identify)]
SignedIn = Annotated[User, Depends(identify_user)]
Owner = Annotated[User, Depends(identify_owner)]


def _claimant(request: Request, shared: Services) -> Claimant:
    """Raises BadToken, KeysUnreachable."""
    token = _bearer(request)
    if token is None:
        return _visitor(request, shared, None)
    if is_machine_token(token):
        return Machine(token_hash(token))
    if is_anonymous(token):
        return _visitor(request, shared, shared.anonymous.verify(token))
    return shared.sign_in.verify(token)


def _signed_in(shared: Services, conn: Connection, who: Subject) -> User:
    sign_in = SignIn(who.user_id, who.email, who.issued_at)
    profile = ensure_profile(conn, sign_in, shared.settings.weekly_credits)
    if profile is None:
        raise ApiError("invalid_token", "The user does not exist.")
    return User(who.user_id, profile)


def _owner_of(request: Request, conn: Connection, who: Machine) -> User:
    user_id = use_token(conn, who.token_hash)
    profile = None if user_id is None else get_profile(conn, user_id)
    if profile is None:
        count_address(request)
        raise ApiError("invalid_token")
    return User(profile.user_id, profile, machine=True)


def _bearer(request: Request) -> str | None:
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise BadToken("not a bearer token")
    return token


def _visitor(request: Request, shared: Services, smelt_id: UUID | None) -> Visitor:
    day = datetime.now(UTC).date()
    address = client_address(request, shared.proxies, shared.settings.forwarded_header)
    return Visitor(ip_hash(shared.ip_key, day, address), smelt_id)
