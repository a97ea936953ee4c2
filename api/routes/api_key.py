"""The user's own API key for the language model's provider."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.callers import Owner, find_owner
from api.auth.identity import User, count_request
from api.auth.rate import Rate
from api.errors import ApiError, Code
from api.http.small_body import SmallBodyRoute
from api.schemas.account import ApiKeyBody, ApiKeyReply
from api.services import Services, services
from db.accounts.api_keys import delete_api_key, get_api_key_info, put_api_key
from pipeline.content.keyring import user_context
from pipeline.llm.provider_check import Verdict, check_api_key

router = APIRouter(prefix="/v1/api-key", tags=["account"], route_class=SmallBodyRoute)

NO_ANSWER = "The key's provider gave no answer: nothing was stored."
RETRY_SECONDS = 30.0


@router.put("")
async def put_own_key(
    request: Request, user: Annotated[User, Depends(find_owner)], body: ApiKeyBody
) -> ApiKeyReply:
    """Checks the key with its provider, then stores it encrypted. It never comes back."""
    # No turn at the database is held while the provider is asked
    shared = services(request)
    await run_in_threadpool(_count_check, request, user)
    base_url = shared.settings.user_key_base_url
    verdict = await to_thread.run_sync(check_api_key, base_url, body.api_key, limiter=shared.key_checks)
    if verdict is Verdict.REJECTED:
        raise ApiError(Code.API_KEY_INVALID)
    if verdict is Verdict.UNKNOWN:
        raise ApiError(Code.UNAVAILABLE, NO_ANSWER, retry_after=RETRY_SECONDS)
    async with shared.share.turn(user.tenant):
        return await run_in_threadpool(_store, shared, user, body.api_key.get_secret_value())


@router.get("")
def read_own_key(request: Request, user: Owner) -> ApiKeyReply:
    return _told(services(request), user)


@router.delete("", status_code=204)
def remove_own_key(request: Request, user: Owner) -> Response:
    """Smelts that are under way on it fail with `api_key_invalid`. Safe to repeat."""
    with services(request).database.service() as conn:
        delete_api_key(conn, user.user_id)
    return Response(status_code=204)


def _count_check(request: Request, user: User) -> None:
    """Few a minute: this must not be a place where stolen keys are tried out. Raises ApiError `too_many_requests`."""
    rate = Rate(services(request).settings.rate_key_checks, name="key-checks")
    count_request(request, f"key-check:{user.user_id}", rate)


def _store(shared: Services, user: User, key: str) -> ApiKeyReply:
    wrapped = shared.keyring.wrap(key.encode(), user_context(user.user_id))
    with shared.database.service() as conn:
        put_api_key(conn, user.user_id, wrapped, shared.keyring.key_id(wrapped), key[-4:])
    return _told(shared, user)


def _told(shared: Services, user: User) -> ApiKeyReply:
    with shared.database.service() as conn:
        return ApiKeyReply.model_validate(get_api_key_info(conn, user.user_id))
