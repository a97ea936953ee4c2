"""The rows of a held tenant: taken out of the queues, and put in again once it is released. Batch by batch, each in a
transaction.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.fair_queue import lock_tenant
from db.work.files import FILES
from db.work.holds import OF_TENANTS, Hold, forget_released, list_holds, share_hold, values_of
from db.work.outputs import OUTPUTS
from db.work.webhooks import DELIVERIES

BATCH = 200  # smelts, or webhooks

Begin = Callable[[], AbstractContextManager[Connection]]
"""A transaction of the service role."""


def carry_out(begin: Begin, hold: Hold) -> int:
    """All of the tenant's rows are as the hold says; returns for how many smelts and webhooks that took anything.

    Safe to stop and to repeat, by anybody: the reconciler does. Nothing for a queue.
    """
    if (tenant := hold.tenant) is None:
        return 0
    if (moves := hold.moves) is None:
        return _repeated(begin, lambda conn: take_out(conn, tenant)) + _repeated(
            begin, lambda conn: take_out_deliveries(conn, tenant)
        )
    done = _repeated(begin, lambda conn: put_in(conn, tenant, moves)) + _repeated(
        begin, lambda conn: put_in_deliveries(conn, tenant, moves)
    )
    with begin() as conn:
        forget_released(conn, tenant)
    return done


def hold_whole_tenant(begin: Begin, tenant: str) -> int:
    """Once `hold_tenant` is committed: waits until whoever was making rows of the tenant's claimable has done so, and
    takes them out. Returns of how many smelts and webhooks.
    """
    for table in OF_TENANTS:
        with begin() as conn:
            lock_tenant(conn, table, tenant)
    with begin() as conn:
        found = [hold for hold in list_holds(conn) if hold.tenant == tenant]
    return sum(carry_out(begin, hold) for hold in found)


def _repeated(begin: Begin, step: Callable[[Connection], int]) -> int:
    done = 0
    while True:
        with begin() as conn:
            found = step(conn)
        done += found
        if found < BATCH:
            return done


def take_out(conn: Connection, tenant: str) -> int:
    """claimable → held, of a batch of smelts; returns of how many. Nothing, once the hold is released.

    Locks the smelts, by their ids, the hold, and their claimable parts.
    """
    changed = _lock_smelts(conn, tenant, "status = 'pending'")
    if not share_hold(conn, tenant):
        return 0
    for table in (FILES, OUTPUTS):
        conn.execute(
            cached_text(f"{_take_out(table)} where smelt_id = any (:ids) and status = 'pending'"),
            {"ids": changed},
        )
    _bump_versions(conn, changed)
    return len(changed)


def take_out_deliveries(conn: Connection, tenant: str) -> int:
    """The same of webhooks. Locks all of the tenant's that haven't ended, then the hold."""
    sql = f"{_DELIVERIES} and status in ('waiting', 'pending', 'processing') order by id for update"
    conn.execute(cached_text(sql), values_of(tenant))
    if not share_hold(conn, tenant):
        return 0
    sql = f"{_take_out(DELIVERIES)} where id in ({_DELIVERIES} and status = 'pending' order by id limit {BATCH})"
    return conn.execute(cached_text(sql), values_of(tenant)).rowcount


def put_in(conn: Connection, tenant: str, moves: Mapping[str, float]) -> int:
    """held → claimable, of a batch of smelts; returns of how many. Nothing, where it is held anew.

    Locks the smelts, by their ids, and their held parts.
    """
    changed = _lock_smelts(conn, tenant, "waiting_for = 'hold'")
    if share_hold(conn, tenant):
        return 0
    for table in (FILES, OUTPUTS):
        sql = f"{_put_in(table)} where smelt_id = any (:ids) and waiting_for = 'hold'"
        conn.execute(cached_text(sql), {"ids": changed, "move": moves[table.queue]})
    _bump_versions(conn, changed)
    return len(changed)


def put_in_deliveries(conn: Connection, tenant: str, moves: Mapping[str, float]) -> int:
    """The same of webhooks. Locks them."""
    if share_hold(conn, tenant):
        return 0
    sql = f"{_put_in(DELIVERIES)} where id in ({_DELIVERIES} and waiting_for = 'hold' order by id limit {BATCH})"
    return conn.execute(cached_text(sql), {**values_of(tenant), "move": moves[DELIVERIES.queue]}).rowcount


def _take_out(table: WorkTable) -> str:
    return f"update {table.name} set status = 'waiting', waiting_for = 'hold', updated_at = now()"


def _put_in(table: WorkTable) -> str:
    return f"""
        update {table.name} set status = 'pending', waiting_for = null, updated_at = now(),
            fair_key = coalesce(fair_key, 0) + :move
    """


def _lock_smelts(conn: Connection, tenant: str, parts: str) -> list[UUID]:
    """Unfinished ones with such parts. `parts`: a condition, as SQL."""
    rows = conn.execute(
        cached_text(
            f"""
            select id from smelts
            where tenant = :tenant and status not in ('completed', 'failed', 'canceled') and (
                exists (select from smelt_files where smelt_id = smelts.id and {parts})
                or exists (select from smelt_outputs where smelt_id = smelts.id and {parts})
            )
            order by id limit {BATCH} for update of smelts
            """
        ),
        {"tenant": tenant},
    )
    return [row.id for row in rows]


def _bump_versions(conn: Connection, smelt_ids: Collection[UUID]) -> None:
    """Under their locks."""
    conn.execute(
        cached_text("update smelts set version = version + 1, updated_at = now() where id = any (:ids)"),
        {"ids": list(smelt_ids)},
    )
    for smelt_id in smelt_ids:
        changes.note(conn, smelt_id)


_DELIVERIES = "select id from webhook_deliveries where user_id = cast(:user_id as uuid)"
