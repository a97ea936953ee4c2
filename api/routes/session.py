"""The page's session: a token or a ticket is exchanged for a cookie that no script can read.

Not in the API's description: other clients send their token with each request.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from anyio import to_thread
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import Claimant, Machine, Visitor, authenticate, count_address
from api.auth.one_use_tickets import TicketsUnavailable
from api.auth.page_session import PAGE_HEADER, PageSession, comes_from_the_page
from api.auth.rate import Rate
from api.auth.sign_in_service import SignInRefused, SignInTooOften, SignInUnavailable
from api.auth.signed_tokens import BadToken, Subject
from api.errors import ApiError, Code
from api.http.small_body import read_json
from api.schemas.session import EmailLink, SessionKind, SessionReply, SignIn, SignInTicket, WaysToSignIn
from api.services import Services, services
from api.smelts.options import SMELT_FIELDS

router = APIRouter(prefix="/v1/session", include_in_schema=False)

SIGN_IN = "sign-in"  # what a ticket is for
LONGEST_TICKET = timedelta(hours=12)
RETRY_SECONDS = 5.0
FIELDS = tuple(sorted(SMELT_FIELDS.single | SMELT_FIELDS.repeated))
EMAILS = Rate(5, name="sign-in-emails")  # a minute, of one address; the sign-in service has limits of its own

T = TypeVar("T")


@router.get("")
async def read_session(request: Request, response: Response) -> SessionReply:
    """Whose page it is, and how one may sign in. A session that has ended is `none`."""
    shared = services(request)
    try:
        session = shared.page_sessions.of(request)
    except BadToken:
        shared.page_sessions.forget(request, response)
        session = None
    if session is None:
        await run_in_threadpool(count_address, request)
        return _reply(shared, None, None)
    try:
        return _reply(shared, session, await run_in_threadpool(authenticate, request, session))
    except ApiError as error:
        if error.code is not Code.INVALID_TOKEN:
            raise
        if session.refresh_token is None:
            shared.page_sessions.forget(request, response)
        return _reply(shared, session, None)


@router.post("")
async def sign_in(request: Request, response: Response) -> SessionReply:
    """Raises ApiError `invalid_token`, `unavailable`, `too_many_requests`."""
    _require_the_page(request)
    await run_in_threadpool(count_address, request)
    asked = await read_json(request, SignIn)
    if asked.ticket is not None:
        session = await run_in_threadpool(_redeemed, services(request), asked.ticket)
    else:
        session = PageSession(token=asked.token, refresh_token=asked.refresh_token)
    return await _begin(request, response, session)


@router.put("")
async def renew(request: Request, response: Response) -> SessionReply:
    """Asks the sign-in service for the token that follows. Raises ApiError `invalid_token`, `unavailable`."""
    _require_the_page(request)
    await run_in_threadpool(count_address, request)
    shared = services(request)
    try:
        session = shared.page_sessions.of(request)
    except BadToken:
        session = None
    if session is None or session.refresh_token is None or shared.sign_in_service is None:
        raise ApiError(Code.INVALID_TOKEN, "There is no session that could be renewed.")
    service, refresh_token = shared.sign_in_service, session.refresh_token
    renewed = await _asked(shared, lambda: service.renew(refresh_token))
    return await _begin(
        request,
        response,
        PageSession(token=renewed.access_token, refresh_token=renewed.refresh_token),
    )


@router.delete("", status_code=204)
async def sign_out(request: Request) -> Response:
    _require_the_page(request)
    response = Response(status_code=204)
    services(request).page_sessions.forget(request, response)
    return response


@router.post("/ticket", status_code=201)
async def make_ticket(request: Request) -> SignInTicket:
    """A ticket that signs a page in, once, as whoever asks. Raises ApiError `sign_in_required` for all but a user."""
    shared = services(request)
    who = await run_in_threadpool(authenticate, request)
    if not isinstance(who, Subject):
        raise ApiError(Code.SIGN_IN_REQUIRED)
    now = datetime.now(UTC)
    lifetime = min(who.expires_at - now, LONGEST_TICKET)
    sealed = shared.page_sessions.seal(PageSession(subject=who))
    seconds = max(1, int(lifetime.total_seconds()))
    try:
        ticket = await run_in_threadpool(shared.one_use.issue, SIGN_IN, sealed, seconds)
    except TicketsUnavailable:
        raise _no_tickets() from None
    return SignInTicket(ticket=ticket, expires_at=now + lifetime)


@router.post("/email", status_code=202)
async def send_email_link(request: Request) -> Response:
    """Raises ApiError `not_found` where users don't sign in so, `unavailable`, `too_many_requests`."""
    _require_the_page(request)
    shared = services(request)
    await run_in_threadpool(count_address, request, "email", EMAILS)
    asked = await read_json(request, EmailLink)
    service = shared.sign_in_service
    if service is None or not shared.settings.web_auth_email:
        raise ApiError(Code.NOT_FOUND, "Nobody signs in by e-mail here.")
    await _asked(shared, lambda: service.send_link(asked.email, asked.back_to))
    return Response(status_code=202)


def _require_the_page(request: Request) -> None:
    """Else another site could sign its visitors in or out. Raises ApiError `sign_in_required`."""
    if not comes_from_the_page(request):
        raise ApiError(
            Code.SIGN_IN_REQUIRED, f"This is for the service's own page, which sends {PAGE_HEADER}."
        )


def _redeemed(shared: Services, ticket: str) -> PageSession:
    """Raises ApiError `invalid_token`, `unavailable`."""
    try:
        sealed = shared.one_use.redeem(SIGN_IN, ticket)
    except TicketsUnavailable:
        raise _no_tickets() from None
    if sealed is None:
        raise ApiError(Code.INVALID_TOKEN, "The link has been used, or is too old.")
    try:
        return shared.page_sessions.open(sealed)
    except BadToken:  # sealed by another key than this process has
        raise ApiError(Code.INVALID_TOKEN) from None


async def _begin(request: Request, response: Response, session: PageSession) -> SessionReply:
    """Raises ApiError as `authenticate` does, and `validation_failed`."""
    shared = services(request)
    who = await run_in_threadpool(authenticate, request, session)
    if isinstance(who, Subject):
        session = PageSession(subject=who, refresh_token=session.refresh_token)
    else:
        session = PageSession(token=session.token)
    try:
        shared.page_sessions.keep(request, response, session)
    except ValueError as error:
        raise ApiError(Code.VALIDATION_FAILED, str(error)) from None
    return _reply(shared, session, who)


def _reply(shared: Services, session: PageSession | None, who: Claimant | None) -> SessionReply:
    settings, service = shared.settings, shared.sign_in_service
    ways = WaysToSignIn(
        email=service is not None and settings.web_auth_email,
        providers=settings.web_auth_providers if service else (),
        authorize_url=service.authorize_url if service else None,
    )
    renewable = session is not None and session.refresh_token is not None
    reply = SessionReply(kind=SessionKind.NONE, renewable=renewable, sign_in=ways, smelt_fields=FIELDS)
    match who:
        case Subject():
            known = {"email": who.email, "expires_at": who.expires_at}
            return reply.model_copy(update={"kind": SessionKind.USER, **known})
        case Machine():
            return reply.model_copy(update={"kind": SessionKind.MACHINE})
        case Visitor():
            return reply.model_copy(update={"kind": SessionKind.VISITOR, "smelt_id": who.smelt_id})
    return reply


async def _asked(shared: Services, ask: Callable[[], T]) -> T:
    """The sign-in service's answer. Raises ApiError `unavailable`, `invalid_token`, `too_many_requests`."""
    try:
        return await to_thread.run_sync(ask, limiter=shared.sign_ins)
    except SignInUnavailable:
        raise ApiError(
            Code.UNAVAILABLE, "The sign-in service is out of reach.", retry_after=RETRY_SECONDS
        ) from None
    except SignInRefused:
        raise ApiError(Code.INVALID_TOKEN, "The sign-in service refuses this.") from None
    except SignInTooOften:
        raise ApiError(
            Code.TOO_MANY_REQUESTS, "The sign-in service sends no more for now.", retry_after=60
        ) from None


def _no_tickets() -> ApiError:
    return ApiError(
        Code.UNAVAILABLE, "There are no tickets while Redis is out of reach.", retry_after=RETRY_SECONDS
    )
