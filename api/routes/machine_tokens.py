"""Machine tokens: for clients that submit batches for months. Managed by a signed-in user, never by such a token."""

from uuid import UUID

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.auth.callers import Owner
from api.auth.machine_tokens import new_machine_token, token_hash
from api.errors import ApiError, Code
from api.http.small_body import SmallBodyRoute
from api.schemas.account import NewTokenReply, TokenBody, TokenReply, Tokens
from api.services import services
from db.accounts.api_tokens import MOST_TOKENS, TooManyTokens, create_token, delete_token, list_tokens

router = APIRouter(prefix="/v1/tokens", tags=["account"], route_class=SmallBodyRoute)


@router.post("", status_code=201)
def post_token(request: Request, response: Response, user: Owner, body: TokenBody) -> NewTokenReply:
    """A new token. It is shown in this reply and never again."""
    token = new_machine_token()
    try:
        with services(request).database.service() as conn:
            made = create_token(
                conn,
                user.user_id,
                token_hash=token_hash(token),
                name=body.name,
                last_four=token[-4:],
                expires_at=body.expires_at,
            )
    except TooManyTokens:
        raise ApiError(
            Code.TOO_MANY_TOKENS, f"A user may have {MOST_TOKENS} tokens: delete one first."
        ) from None
    response.headers["Cache-Control"] = "no-store"
    return NewTokenReply(**dict(TokenReply.model_validate(made)), token=token)


@router.get("")
def list_own_tokens(request: Request, user: Owner) -> Tokens:
    """Newest first. An expired token is listed until it is deleted."""
    with services(request).database.user(user.user_id) as conn:
        return Tokens(items=[TokenReply.model_validate(token) for token in list_tokens(conn, user.user_id)])


@router.delete("/{token_id}", status_code=204)
def revoke_token(request: Request, user: Owner, token_id: UUID) -> Response:
    """From the reply on the token opens nothing."""
    with services(request).database.service() as conn:
        deleted = delete_token(conn, user.user_id, token_id)
    if not deleted:
        raise ApiError(Code.NOT_FOUND)
    return Response(status_code=204)
