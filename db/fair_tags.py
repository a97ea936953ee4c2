"""Gives waiting rows their fair tags, which makes them claimable."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from db.work import WorkTable
from pipeline.fairness import tags


def make_claimable(
    conn: Connection, table: WorkTable, tenant: str, work: Sequence[tuple[UUID, float]]
) -> None:
    """waiting → pending for (row, cost) pairs, in this order. Locks the tenant's tag until the transaction ends.

    Taken after every other lock, so that two transactions never wait for each other.
    """
    if not work:
        return
    costs = [cost for _, cost in work]
    last_tag, v = _lock_tag(conn, table, tenant)
    keys = tags(last_tag, v, costs)
    conn.execute(
        text(
            f"""
            update {table.name} work
            set status = 'pending', run_at = null, fair_key = tagged.key, cost = tagged.cost, updated_at = now()
            from unnest(cast(:ids as uuid[]), cast(:keys as float8[]), cast(:costs as float8[]))
                as tagged (id, key, cost)
            where work.id = tagged.id and work.status = 'waiting'
            """
        ),
        {"ids": [row_id for row_id, _ in work], "keys": keys, "costs": costs},
    )
    _set_tag(conn, table, tenant, keys[-1])


def correct_cost(conn: Connection, table: WorkTable, tenant: str, row_id: UUID, cost: float) -> None:
    """Replaces a row's estimated cost by the true one, and moves the tenant's next tag by the difference."""
    conn.execute(
        text(
            f"""
            with old as (select cost from {table.name} where id = :id for update),
            new as (update {table.name} set cost = :cost where id = :id)
            update fair_tenants set last_tag = last_tag + :cost - old.cost, updated_at = now()
            from old where queue = :queue and tenant = :tenant
            """
        ),
        {"id": row_id, "cost": cost, "queue": table.queue, "tenant": tenant},
    )


def _lock_tag(conn: Connection, table: WorkTable, tenant: str) -> tuple[float, float]:
    """The tenant's last tag, and the queue's virtual time: the smallest tag that waits, or with none the latest.

    With nothing waiting every tag ever given has been claimed, so the latest given is the latest claimed.
    """
    row = conn.execute(
        text(
            f"""
            insert into fair_tenants as mine (queue, tenant, last_tag) values (:queue, :tenant, 0)
            on conflict (queue, tenant) do update set last_tag = mine.last_tag
            returning last_tag, coalesce(
                (select min(fair_key) from {table.name} where status = 'pending'),
                (select max(last_tag) from fair_tenants where queue = :queue),
                0
            )
            """
        ),
        {"queue": table.queue, "tenant": tenant},
    ).one()
    return float(row[0]), float(row[1])


def _set_tag(conn: Connection, table: WorkTable, tenant: str, last_tag: float) -> None:
    conn.execute(
        text(
            """
            update fair_tenants set last_tag = :last_tag, updated_at = now()
            where queue = :queue and tenant = :tenant
            """
        ),
        {"queue": table.queue, "tenant": tenant, "last_tag": last_tag},
    )
