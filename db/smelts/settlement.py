"""Moves a smelt on after one of its parts has changed, and settles it, once, when the last has ended.

Every function here is called with the smelt's row locked, so that two last parts that finish together take
turns, and the second of them sees that none is left.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db import changes
from db.locks import LockedSmelt
from db.statement import cached_text
from pipeline.metrics.accounting import note_settlement, work_added
from pipeline.outcome import PartCounts
from pipeline.states import ErrorCode, SmeltStatus

UNFINISHED = "('waiting', 'pending', 'processing')"


def advance(conn: Connection, smelt: LockedSmelt) -> None:
    """Settles the smelt if no part is left; else moves it to `synthesizing` once no file is. Raises its version."""
    row = conn.execute(
        cached_text(
            """
            select a.status, a.seconds, a.charged, a.delivers
            from smelts s, smelt_meta.advance(s, :delivery) a where s.id = :id
            """
        ),
        {"id": smelt.id, "delivery": uuid7()},
    ).one()
    changes.note(conn, smelt.id)
    note_end(conn, smelt.tier, row)


def settle(conn: Connection, smelt: LockedSmelt, status: SmeltStatus, code: ErrorCode | None) -> None:
    """Ends an unfinished smelt: its outcome, its content's deadline, its charge and its webhook.

    Locks the owner's profile, then, for a webhook, the owner's row of that fair queue.

    A completed smelt is charged, and a canceled one that has a result already: else whoever takes the first
    results and cancels late would work for free. What ends without a charge is counted, because it was work too.
    """
    row = conn.execute(
        cached_text(
            """
            select e.seconds, e.charged, e.delivers
            from smelts s, smelt_meta.settle(
                s, cast(:status as smelt_status), cast(:code as error_code), :has_result, :delivery
            ) e where s.id = :id
            """
        ),
        {
            "id": smelt.id,
            "status": status,
            "code": code,
            "has_result": status is SmeltStatus.CANCELED and has_result(conn, smelt),
            "delivery": uuid7(),
        },
    ).one()
    if row.seconds is not None:
        changes.note(conn, smelt.id)
        note_end(conn, smelt.tier, (status, *row))


def note_end(conn: changes.HasInfo, tier: str, end: Sequence[Any]) -> None:
    """What is to be told and counted of a settlement once it has committed. `end`: status, seconds, whether it was
    charged and whether there is a webhook; a status of None: there was none.
    """
    status, seconds, charged, delivers = end
    if status is None:
        return
    changes.count(conn, partial(note_settlement, tier, status, charged=charged, seconds=max(0.0, seconds)))
    if delivers:
        changes.note_delivery(conn)
        changes.count(conn, work_added.labels("deliver").inc)


def count_uncharged(conn: Connection, smelt: LockedSmelt) -> None:
    """Notes on the profile, where deleting the smelt doesn't undo it, that one more ended without a charge today."""
    conn.execute(
        cached_text(
            """
            update user_profiles set uncharged_on = (now() at time zone 'utc')::date, updated_at = now(),
                uncharged = 1 + case when uncharged_on = (now() at time zone 'utc')::date then uncharged else 0 end
            where user_id = :user_id
            """
        ),
        {"user_id": smelt.user_id},
    )


def has_result(conn: Connection, smelt: LockedSmelt) -> bool:
    """Whether there is something to take."""
    return count_parts(conn, smelt).results > 0


def cancel_parts(conn: Connection, smelt: LockedSmelt) -> None:
    """Every part that hasn't ended → canceled. A worker on one learns it at its next renewal."""
    for table in ("smelt_files", "smelt_outputs"):
        cancel_rows(conn, smelt, table)


def cancel_rows(
    conn: Connection, smelt: LockedSmelt, table: str, only: str = "true", **values: object
) -> int:
    """Those of one table that haven't ended → canceled; returns how many. `only`: which, as SQL with `values`."""
    sql = f"""
        update {table} set status = 'canceled', run_at = null, lease_until = null, waiting_for = null,
            finished_at = now(), updated_at = now()
        where smelt_id = :smelt_id and status in {UNFINISHED} and {only}
    """
    return conn.execute(cached_text(sql), {"smelt_id": smelt.id, **values}).rowcount


def count_parts(conn: Connection, smelt: LockedSmelt) -> PartCounts:
    """What `pipeline/outcome.py` judges by; it stays so as long as the smelt's row is locked."""
    row = conn.execute(
        cached_text(
            """
            select f.completed, f.failed, f.recordings, o.total, o.completed
            from (
                select count(*) filter (where status = 'completed') completed,
                    count(*) filter (where status = 'failed') failed,
                    count(*) filter (where status = 'completed' and input_type = 'audio') recordings
                from smelt_files where smelt_id = :id
            ) f, (
                select count(*) total, count(*) filter (where status = 'completed') completed
                from smelt_outputs where smelt_id = :id
            ) o
            """
        ),
        {"id": smelt.id},
    ).one()
    return PartCounts(*row)
