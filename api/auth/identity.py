"""Who is asking: a signed-in user, the user's machine, or an anonymous visitor, who may hold the token of one smelt.

A token that is given and not valid is refused; it never makes its bearer anonymous. Every request that is asked for
its caller counts against the caller's rate, a user's machine tokens against the user's; one whose token is refused,
against its address's. So does one whose machine token this process doesn't know, before Postgres is asked for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection
from starlette.requests import Request

from api.auth.client_address import client_address, ip_hash
from api.auth.jwks import KeysUnreachable
from api.auth.machine_tokens import is_machine_token, is_well_formed, token_hash
from api.auth.page_session import PageSession
from api.auth.rate import Rate
from api.auth.signed_tokens import BadToken, Subject, bearer, is_anonymous
from api.errors import ApiError, Code
from api.middleware.concurrency_limit import count_for_tenant
from api.middleware.rate_headers import note
from api.services import Services, services
from db.accounts.api_tokens import find_owner, use_token
from db.accounts.profiles import Profile, SignIn, ensure_profile, get_profile
from pipeline.states import ApiKeyStatus, Tier

RETRY_SECONDS = 5.0
TOO_MANY = "More requests than your rate allows: wait as long as `Retry-After` says."


@dataclass(frozen=True, slots=True)
class User:
    """Signed in; the profile exists. `machine`: by a machine token. `local`: whose machine the service runs on."""

    user_id: UUID
    profile: Profile
    machine: bool = False
    local: bool = False

    @property
    def tenant(self) -> str:
        return f"user:{self.user_id}"

    @property
    def tier(self) -> Tier:
        if self.profile.api_key_status is ApiKeyStatus.VALID:
            return Tier.OWN_KEY
        return Tier.LOCAL if self.local else Tier.CREDITS


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
    """Holds what was a user's machine token when it was first seen; whether it still is, the database knows."""

    token_hash: bytes
    user_id: UUID


Caller = User | Visitor
Claimant = Subject | Machine | Visitor


def authenticate(request: Request, session: PageSession | None = None) -> Claimant:
    """Whom the token speaks for, counted. Blocks on Redis; on the sign-in service where its key isn't known; on
    Postgres where a machine token isn't. `session`: in the place of what the request brings.

    Raises ApiError `invalid_token`, `unavailable`, `too_many_requests`.
    """
    shared = services(request)
    try:
        who = _of_session(request, shared, session) if session else _claimant(request, shared)
    except BadToken:
        count_address(request)
        raise ApiError(Code.INVALID_TOKEN) from None
    except KeysUnreachable:
        count_address(request)
        raise ApiError(
            Code.UNAVAILABLE, "The sign-in service is out of reach.", retry_after=RETRY_SECONDS
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
            count_request(request, who.tenant, Rate(settings.rate_anonymous))
        case Machine() | Subject():
            count_request(request, f"user:{who.user_id}", Rate(settings.rate_signed_in))
            count_for_tenant(request, f"user:{who.user_id}")


def count_address(request: Request, what: str | None = None, rate: Rate | None = None) -> None:
    """Counts the request against its address's rate; or against `rate`, that of `what`.

    Raises ApiError `too_many_requests`.
    """
    shared = services(request)
    tenant = _visitor(request, shared, None).tenant
    caller = tenant if what is None else f"{what}:{tenant}"
    count_request(request, caller, rate or Rate(shared.settings.rate_anonymous))


def count_request(request: Request, caller: str, rate: Rate) -> None:
    """Raises ApiError `too_many_requests`."""
    ruling = services(request).rate_limiter.acquire(caller, rate)
    note(request.scope, ruling)
    if not ruling.allowed:
        raise ApiError(Code.TOO_MANY_REQUESTS, TOO_MANY, retry_after=ruling.retry_after)


def recognize(request: Request, conn: Connection, who: Claimant) -> Caller:
    """The caller with their profile, made at the first sign-in; for the service role. Raises ApiError."""
    match who:
        case Visitor():
            return who
        case Machine():
            user = _owner_of(request, conn, who)
            count_for_tenant(request, user.tenant)
            return user
        case Subject():
            return _signed_in(services(request), conn, who)


def known(request: Request, who: Subject | Machine, profile: Profile) -> User:
    """The caller whose profile has been found by what they claim. Raises ApiError `too_many_requests`."""
    user = user_of(services(request), profile, machine=isinstance(who, Machine))
    if user.machine:
        count_for_tenant(request, user.tenant)
    return user


def claimed_tenant(who: Claimant) -> str:
    """Whose share of the database finding the caller takes."""
    return who.tenant if isinstance(who, Visitor) else f"user:{who.user_id}"


def _claimant(request: Request, shared: Services) -> Claimant:
    """By the bearer token, else by the page's session. Raises what `_of_token` does."""
    token = bearer(request)
    if token is not None:
        return _of_token(request, shared, token)
    session = shared.page_sessions.of(request)
    if session is None:
        return _visitor(request, shared, None)
    return _of_session(request, shared, session)


def _of_session(request: Request, shared: Services, session: PageSession) -> Claimant:
    """Raises what `_of_token` does."""
    if session.token is not None:
        return _of_token(request, shared, session.token)
    if session.subject is None or session.subject.expires_at <= datetime.now(UTC):
        raise BadToken("expired")
    return session.subject


def _of_token(request: Request, shared: Services, token: str) -> Claimant:
    """Raises BadToken, KeysUnreachable; ApiError as `_machine` does."""
    if is_machine_token(token):
        return _machine(request, shared, token)
    subject = shared.sign_in.recall(token)
    if subject is not None:
        return subject
    if is_anonymous(token):
        return _visitor(request, shared, shared.anonymous.verify(token))
    return shared.sign_in.verify(token)


def _machine(request: Request, shared: Services, token: str) -> Machine:
    """One that this process hasn't seen counts against the address first: who makes tokens up is soon told to wait, and
    asks nothing of Postgres.

    Raises BadToken, uncounted; ApiError `invalid_token`, `too_many_requests`.
    """
    if not is_well_formed(token):
        raise BadToken("malformed")
    hashed = token_hash(token)
    owner = shared.token_owners.get(hashed)
    if owner is None:
        count_address(request)
        with shared.database.service() as conn:
            owner = find_owner(conn, hashed)
        if owner is None:
            raise ApiError(Code.INVALID_TOKEN)
        shared.token_owners.put(hashed, owner)
    return Machine(hashed, owner)


def _signed_in(shared: Services, conn: Connection, who: Subject) -> User:
    sign_in = SignIn(who.user_id, who.email, who.issued_at)
    profile = ensure_profile(conn, sign_in, shared.settings.weekly_credits)
    if profile is None:
        raise ApiError(Code.INVALID_TOKEN, "The user does not exist.")
    return user_of(shared, profile)


def _owner_of(request: Request, conn: Connection, who: Machine) -> User:
    shared = services(request)
    user_id = use_token(conn, who.token_hash)
    profile = None if user_id is None else get_profile(conn, user_id)
    if profile is None:
        shared.token_owners.forget(who.token_hash)
        count_address(request)
        raise ApiError(Code.INVALID_TOKEN)
    return user_of(shared, profile, machine=True)


def user_of(shared: Services, profile: Profile, *, machine: bool = False) -> User:
    """Whose profile it is."""
    local = shared.settings.local_user == profile.user_id
    return User(profile.user_id, profile, machine=machine, local=local)


def _visitor(request: Request, shared: Services, smelt_id: UUID | None) -> Visitor:
    day = datetime.now(UTC).date()
    address = client_address(request, shared.proxies, shared.settings.forwarded_header)
    return Visitor(ip_hash(shared.ip_key, day, address), smelt_id)
