"""Webhooks: the secret that signs them, what was sent when, and sending one again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.requests import Request
from uuid_utils.compat import uuid7

from api.auth.callers import Owner, SignedIn
from api.errors import ApiError, Code
from api.http import cursor as cursors
from api.schemas.webhooks import DeliveryPage, DeliveryReply, WebhookSecretReply
from api.services import services
from db.accounts.webhook_secrets import add_secret
from db.work.webhooks import NoSuchDelivery, UnderWay, list_deliveries, replay
from pipeline.content.keyring import webhook_context
from pipeline.net.webhook_signature import new_secret, shown

router = APIRouter(prefix="/v1", tags=["webhooks"])

MAX_PAGE = 100


@router.post("/webhook-secret", status_code=201)
def post_secret(request: Request, response: Response, user: Owner) -> WebhookSecretReply:
    """A new secret. It is shown in this reply and never again; the one before signs as well for 24 hours more."""
    shared = services(request)
    secret, secret_id = new_secret(), uuid7()
    wrapped = shared.keyring.wrap(secret, webhook_context(secret_id))
    with shared.database.service() as conn:
        until = add_secret(conn, user.user_id, secret_id, wrapped, shared.keyring.key_id(wrapped))
    response.headers["Cache-Control"] = "no-store"
    return WebhookSecretReply(secret=shown(secret), previous_valid_until=until)


@router.get("/webhook-deliveries")
def list_own_deliveries(
    request: Request,
    user: SignedIn,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: str | None = None,
) -> DeliveryPage:
    """Newest first. A delivery is listed as long as its smelt is there."""
    after = None if cursor is None else cursors.decode(cursor)
    with services(request).database.user(user.user_id) as conn:
        found = list_deliveries(conn, user.user_id, limit + 1, after)
    page = found[:limit]
    more = len(found) > limit
    return DeliveryPage(
        items=[DeliveryReply.model_validate(delivery) for delivery in page],
        next_cursor=cursors.encode((page[-1].created_at, page[-1].id)) if more else None,
    )


@router.post("/webhook-deliveries/{delivery_id}/replay", status_code=202)
def replay_delivery(request: Request, user: SignedIn, delivery_id: UUID) -> DeliveryReply:
    """Sends the same message once more, under the same `webhook-id`, and now, however it ended before."""
    shared = services(request)
    try:
        with shared.database.service() as conn:
            delivery = replay(conn, user.user_id, delivery_id)
    except NoSuchDelivery:
        raise ApiError(Code.NOT_FOUND) from None
    except UnderWay:
        raise ApiError(Code.ALREADY_UNDER_WAY, "It is being sent already.") from None
    return DeliveryReply.model_validate(delivery)
