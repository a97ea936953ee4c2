"""Gives waiting rows their virtual finish times, which makes them claimable."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import Claim, WorkTable
from pipeline.errors import LostLease
from pipeline.fairness import finish_times, rows_worth_moving, settlement


def make_claimable(
    conn: Connection, table: WorkTable, tenant: str, work: Sequence[tuple[UUID, float]]
) -> None:
    """waiting → pending for (row, cost) pairs, in this order. Locks the tenant's row of the fair queue until the
    transaction ends.

    Taken after every other lock, so that two transactions never wait for each other.
    """
    if not work:
        return
    costs = [cost for _, cost in work]
    keys, last = next_finish_times(conn, table, tenant, costs)
    conn.execute(
        cached_text(
            f"""
            with mine as (
                update fair_tenants set last_tag = :last, updated_at = now()
                where queue = :queue and tenant = :tenant
            )
            update {table.name} work
            set status = 'pending', run_at = null, fair_key = ready.key, cost = ready.cost, updated_at = now()
            from unnest(cast(:ids as uuid[]), cast(:keys as float8[]), cast(:costs as float8[]))
                as ready (id, key, cost)
            where work.id = ready.id and work.status = 'waiting'
            """
        ),
        {
            "ids": [row_id for row_id, _ in work],
            "keys": keys,
            "costs": costs,
            "last": last,
            "queue": table.queue,
            "tenant": tenant,
        },
    )


def next_finish_times(
    conn: Connection, table: WorkTable, tenant: str, costs: Sequence[float]
) -> tuple[list[float], float]:
    """A finish time for each cost, in order, and what the tenant's last finish time is to become in the same
    transaction, which holds its lock. To be called after every other lock, as `make_claimable`.
    """
    last, virtual_time = lock_tenant(conn, table, tenant)
    return finish_times(last, virtual_time, costs)


def correct_cost(
    conn: Connection,
    table: WorkTable,
    tenant: str,
    claim: Claim,
    cost: float,
    *,
    also: str = "",
    **values: object,
) -> None:
    """Replaces a claimed row's estimated cost by the true one; its tenant owes the difference, or is credited with it.

    The tenant's next finish times must follow from what was truly used, also those given already: a backlog of
    recordings that look short would else keep its place to the end. Moving them takes as many writes as there are, so
    small differences add up first. `also`: what else changes in the row, as SQL with `values`. In one statement: of a
    row that its own transaction updates again the foreign keys are looked up, and so its smelt's row locked behind it.

    Locks the row, then the tenant's row of the fair queue, then those of its waiting
    rows that nobody else has locked. Raises LostLease.
    """
    held, debt = conn.execute(
        cached_text(
            f"""
            with old as (
                select id, cost from {table.name}
                where id = :id and attempt = :attempt and status = 'processing' for update
            ),
            new as (update {table.name} work set cost = :cost{also} from old where work.id = old.id),
            owed as (
                update fair_tenants set debt = debt + :cost - old.cost, updated_at = now()
                from old where queue = :queue and tenant = :tenant
                returning debt
            )
            select exists (select from old), (select debt from owed)
            """
        ),
        {
            "id": claim.id,
            "attempt": claim.attempt,
            "cost": cost,
            "queue": table.queue,
            "tenant": tenant,
            **values,
        },
    ).one()
    if not held:
        raise LostLease
    if debt is not None:
        _settle_debt(conn, table, tenant, debt)


def debit_excess(conn: Connection, table: WorkTable, tenant: str, claim: Claim, seconds: float) -> None:
    """Work on a claimed row beyond what it costs: its tenant owes that too. No effect if the claim was lost.

    Locks the tenant's row of the fair queue, and its waiting rows as `correct_cost`.
    """
    debt = conn.execute(
        cached_text(
            f"""
            update fair_tenants set debt = debt + :seconds, updated_at = now()
            where queue = :queue and tenant = :tenant and exists (
                select from {table.name} where id = :id and attempt = :attempt and status = 'processing'
            )
            returning debt
            """
        ),
        {
            "seconds": seconds,
            "queue": table.queue,
            "tenant": tenant,
            "id": claim.id,
            "attempt": claim.attempt,
        },
    ).scalar_one_or_none()
    if debt is not None:
        _settle_debt(conn, table, tenant, debt)


def _settle_debt(conn: Connection, table: WorkTable, tenant: str, debt: float) -> None:
    most = rows_worth_moving(debt)
    waiting, first, others_first = _look(conn, table, tenant, most)
    if waiting == 0:
        _settle(conn, table, tenant, debt)
    elif waiting < most:
        move = settlement(debt, first, others_first)
        if move:
            _move(conn, table, tenant, move)
        _settle(conn, table, tenant, move)


def _look(conn: Connection, table: WorkTable, tenant: str, most: int) -> tuple[int, float, float | None]:
    """How many rows of a tenant's wait, counted up to `most`; their smallest finish time, and the smallest of
    all others.
    """
    row = conn.execute(
        cached_text(
            f"""
            with mine as materialized ({_waiting_rows(table)} limit :most)
            select (select count(*) from mine), (select min(fair_key) from mine), (
                select work.fair_key from {table.name} work join smelts on smelts.id = work.smelt_id
                where work.status = 'pending' and smelts.tenant <> :tenant
                    and (select count(*) from mine) < :most
                order by work.fair_key limit 1
            )
            """
        ),
        {"tenant": tenant, "most": max(most, 1)},
    ).one()
    return int(row[0]), float(row[1] or 0), None if row[2] is None else float(row[2])


def _move(conn: Connection, table: WorkTable, tenant: str, by: float) -> None:
    conn.execute(
        cached_text(
            f"""
            with mine as ({_waiting_rows(table)} for update of work skip locked)
            update {table.name} work set fair_key = work.fair_key + :by from mine where work.id = mine.id
            """
        ),
        {"tenant": tenant, "by": by},
    )


def _settle(conn: Connection, table: WorkTable, tenant: str, move: float) -> None:
    conn.execute(
        cached_text(
            """
            update fair_tenants set last_tag = last_tag + :move, debt = 0
            where queue = :queue and tenant = :tenant
            """
        ),
        {"move": move, "queue": table.queue, "tenant": tenant},
    )


def _waiting_rows(table: WorkTable) -> str:
    """A tenant's waiting rows, found by its unfinished smelts."""
    return f"""
        select work.id, work.fair_key from smelts join {table.name} work on work.smelt_id = smelts.id
        where smelts.tenant = :tenant and smelts.status not in ('completed', 'failed', 'canceled')
            and work.status = 'pending'
    """


def lock_tenant(conn: Connection, table: WorkTable, tenant: str) -> tuple[float, float]:
    """The tenant's last finish time, and the queue's virtual time: the smallest finish time that waits, or with none
    the latest.

    With nothing waiting every finish time ever given has been claimed, so the latest given is the latest claimed. A
    finish time that is there is locked without a write: each would leave a dead row behind.
    """
    last_and_virtual_time = cached_text(
        f"""
        select last_tag, coalesce(
            (select min(fair_key) from {table.name} where status = 'pending'),
            (select max(last_tag) from fair_tenants where queue = :queue)
        )
        from fair_tenants where queue = :queue and tenant = :tenant for no key update
        """
    )
    whose = {"queue": table.queue, "tenant": tenant}
    row = conn.execute(last_and_virtual_time, whose).one_or_none()
    if row is None:
        conn.execute(
            cached_text(
                """
                insert into fair_tenants (queue, tenant, last_tag) values (:queue, :tenant, 0)
                on conflict (queue, tenant) do nothing
                """
            ),
            whose,
        )
        row = conn.execute(last_and_virtual_time, whose).one()
    return float(row[0]), float(row[1])
