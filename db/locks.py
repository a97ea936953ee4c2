"""The one order of locks: a smelt's row, its parts, the owner's profile, a tenant's row of the fair queue, the
tenant's hold, the day's count. A claim alone has a part first, and so never waits for the smelt (`claim_output`).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.statement import cached_text
from db.work.claims import WorkTable
from pipeline.errors import LostLease
from pipeline.states import SmeltMode, SmeltStatus, Tier


@dataclass(frozen=True, slots=True)
class LockedSmelt:
    id: UUID
    user_id: UUID | None
    tenant: str
    tier: Tier
    mode: SmeltMode
    status: SmeltStatus
    charged: bool


def lock_smelt(conn: Connection, smelt_id: UUID) -> LockedSmelt | None:
    """Locks the smelt's row until the transaction ends."""
    row = conn.execute(
        cached_text(
            """
            select id, user_id, tenant, tier, mode, status, charged_at is not null
            from smelts where id = :id for update
            """
        ),
        {"id": smelt_id},
    ).one_or_none()
    if row is None:
        return None
    return LockedSmelt(
        row[0], row[1], row[2], Tier(row[3]), SmeltMode(row[4]), SmeltStatus(row[5]), bool(row[6])
    )


def lock_smelt_of(conn: Connection, table: WorkTable, part_id: UUID) -> LockedSmelt:
    """Locks the row of the smelt that a part belongs to. Raises LostLease when the part is gone."""
    smelt_id = conn.execute(
        cached_text(f"select smelt_id from {table.name} where id = :id"), {"id": part_id}
    ).scalar_one_or_none()
    smelt = None if smelt_id is None else lock_smelt(conn, smelt_id)
    if smelt is None:
        raise LostLease
    return smelt


def bump_version(conn: Connection, smelt_id: UUID) -> None:
    """Tells followers that something of this smelt has changed."""
    conn.execute(
        cached_text("update smelts set version = version + 1, updated_at = now() where id = :id"),
        {"id": smelt_id},
    )
    changes.note(conn, smelt_id)
