"""Webhook deliveries: one for each end of a smelt that asked for them, which its settlement makes
(`db/smelts/settlement.py`). No content in any of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from db import changes
from db.statement import cached_text
from db.work.claims import Claim, WorkTable
from db.work.fair_queue import make_claimable
from pipeline.errors import LostLease
from pipeline.retry import DELIVERY_RETRY
from pipeline.states import ErrorCode, SmeltMode, WorkStatus

DELIVERIES = WorkTable("webhook_deliveries", "deliver", retry=DELIVERY_RETRY)
COST = 1.0  # seconds of work, of any delivery


class NoSuchDelivery(Exception):
    """The user has none with this id."""


class UnderWay(Exception):
    """The delivery is being made at this moment, or about to be."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`response_status`: of the latest reply. `next_attempt_at`: while it waits to be tried again."""

    id: UUID
    smelt_id: UUID
    event: str
    smelt_version: int
    status: WorkStatus
    attempt: int
    response_status: int | None
    error_code: ErrorCode | None
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryJob:
    """What is sent, and where to. `secrets`: (id, wrapped), the newest first."""

    url: str
    event: str
    smelt_id: UUID
    smelt_version: int
    mode: SmeltMode
    occurred_at: datetime
    secrets: Sequence[tuple[UUID, bytes]]


def begin_delivery(conn: Connection, claim: Claim) -> DeliveryJob:
    """The claimed delivery's job. Locks nothing. Raises LostLease."""
    row = conn.execute(
        cached_text(
            """
            select s.webhook_url, d.event, d.smelt_id, d.smelt_version, s.mode, d.created_at, d.user_id
            from webhook_deliveries d join smelts s on s.id = d.smelt_id
            where d.id = :id and d.attempt = :attempt and d.status = 'processing'
            """
        ),
        {"id": claim.id, "attempt": claim.attempt},
    ).one_or_none()
    if row is None:
        raise LostLease
    secrets = conn.execute(
        cached_text(
            """
            select id, ciphertext from webhook_secrets
            where user_id = :id and coalesce(expires_at > now(), true) order by created_at desc, id desc
            """
        ),
        {"id": row.user_id},
    )
    keys = tuple((secret.id, bytes(secret.ciphertext)) for secret in secrets)
    return DeliveryJob(row[0], row[1], row[2], row[3], SmeltMode(row[4]), row[5], keys)


def note_response(conn: Connection, claim: Claim, status: int | None) -> None:
    """What this attempt was answered; None: nothing. Locks the delivery's row. Raises LostLease."""
    result = conn.execute(
        cached_text(
            """
            update webhook_deliveries set response_status = :status, updated_at = now()
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"status": status, "id": claim.id, "attempt": claim.attempt},
    )
    if result.rowcount != 1:
        raise LostLease


_DELIVERY = """
    select id, smelt_id, event, smelt_version, status, attempt, response_status, error_code,
        run_at as next_attempt_at, created_at, finished_at
    from webhook_deliveries
"""


def list_deliveries(
    conn: Connection, user_id: UUID, limit: int, after: tuple[datetime, UUID] | None
) -> list[Delivery]:
    """Newest first, from the one after `after`. Run as that user."""
    further = "" if after is None else "and (created_at, id) < (:created_at, :id)"
    values: dict[str, object] = {"user_id": user_id, "limit": limit}
    if after is not None:
        values["created_at"], values["id"] = after
    rows = conn.execute(
        cached_text(
            f"{_DELIVERY} where user_id = :user_id {further} order by created_at desc, id desc limit :limit"
        ),
        values,
    )
    return [_delivery(row) for row in rows]


def replay(conn: Connection, user_id: UUID, delivery_id: UUID) -> Delivery:
    """Makes an ended or waiting delivery claimable now, with a fresh budget: the same message once more.

    Locks its row, then the tenant's row of the fair queue. For the service role. Raises NoSuchDelivery, UnderWay.
    """
    values = {"id": delivery_id, "user_id": user_id}
    status = conn.execute(
        cached_text("select status from webhook_deliveries where id = :id and user_id = :user_id for update"),
        values,
    ).scalar_one_or_none()
    if status is None:
        raise NoSuchDelivery
    if WorkStatus(status) in (WorkStatus.PENDING, WorkStatus.PROCESSING):
        raise UnderWay
    conn.execute(
        cached_text(
            """
            update webhook_deliveries set status = 'waiting', error_code = null, failures = 0, progress = 0,
                run_at = null, finished_at = null, response_status = null, updated_at = now()
            where id = :id and user_id = :user_id
            """
        ),
        values,
    )
    make_claimable(conn, DELIVERIES, f"user:{user_id}", [(delivery_id, COST)])
    changes.note_delivery(conn)
    return _delivery(
        conn.execute(cached_text(f"{_DELIVERY} where id = :id and user_id = :user_id"), values).one()
    )


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping
    values["status"] = WorkStatus(row.status)
    values["error_code"] = None if row.error_code is None else ErrorCode(row.error_code)
    return Delivery(**values)
