"""The caller that a route asks for: identified, in one of its turns at the database (`api/http/database_share.py`)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.identity import Caller, Claimant, User, Visitor, authenticate, claimed_tenant, recognize
from api.errors import ApiError, Code
from api.services import services


async def identify(request: Request) -> AsyncIterator[Caller]:
    """The turn lasts until the route's function has returned: not while the reply is sent. Raises ApiError."""
    caller = await find_caller(request)
    async with services(request).share.turn(caller.tenant):
        yield caller


async def find_caller(request: Request) -> Caller:
    """Found once for each request, so that it counts once. Holds no turn afterwards.

    Raises ApiError as `authenticate` and `recognize` do, and `busy`.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        who = await run_in_threadpool(authenticate, request)
        known = request.state.caller = await recognized(request, who)
    return known


async def recognized(request: Request, who: Claimant) -> Caller:
    """Raises ApiError as `recognize` does, and `busy`."""
    if isinstance(who, Visitor):
        return who
    async with services(request).share.turn(claimed_tenant(who)):
        return await run_in_threadpool(_recognize, request, who)


def signed_in(caller: Caller) -> User:
    """Raises ApiError `authentication_required`."""
    if isinstance(caller, Visitor):
        raise ApiError(Code.AUTHENTICATION_REQUIRED)
    return caller


AnyCaller = Annotated[Caller, Depends(identify, scope="function")]


async def identify_user(caller: AnyCaller) -> User:
    """Raises ApiError `authentication_required` as well."""
    return signed_in(caller)


SignedIn = Annotated[User, Depends(identify_user)]


async def identify_owner(user: SignedIn) -> User:
    """Raises ApiError `sign_in_required` as well."""
    return _owner(user)


async def find_owner(request: Request) -> User:
    """As `identify_owner`, for a route that takes a turn when it needs one. Raises ApiError."""
    return _owner(signed_in(await find_caller(request)))


Owner = Annotated[User, Depends(identify_owner)]


def _owner(user: User) -> User:
    """Not by a machine token: one that leaks must not make others, nor take the account away."""
    if user.machine:
        raise ApiError(Code.SIGN_IN_REQUIRED, "A machine token can't manage the account; sign in.")
    return user


def _recognize(request: Request, who: Claimant) -> Caller:
    with services(request).database.service() as conn:
        return recognize(request, conn, who)
