"""Moves a smelt on after one of its parts has changed, and settles it, once, when the last has ended.

Every function here is called with the smelt's row locked, so that two last parts that finish together take
turns, and the second of them sees that none is left.
"""

from functools import partial

from sqlalchemy import Connection

from db import changes
from db.locks import LockedSmelt, bump_version
from db.statement import cached_text
from db.work.webhooks import add_delivery
from pipeline.metrics.accounting import note_settlement
from pipeline.outcome import PartCounts, outcome
from pipeline.states import ErrorCode, SmeltStatus, Tier

UNFINISHED = "('waiting', 'pending', 'processing')"


def advance(conn: Connection, smelt: LockedSmelt) -> None:
    """Settles the smelt if no part is left; else moves it to `synthesizing` once no file is. Raises its version."""
    files_left, outputs_left = _work_left(conn, smelt)
    if not files_left and not outputs_left:
        settle(conn, smelt, *outcome(smelt.mode, count_parts(conn, smelt)))
    elif not files_left and smelt.status in (SmeltStatus.PENDING, SmeltStatus.TRANSCRIBING):
        conn.execute(
            cached_text(
                """
                update smelts set status = 'synthesizing', version = version + 1, updated_at = now()
                where id = :id
                """
            ),
            {"id": smelt.id},
        )
        changes.note(conn, smelt.id)
    else:
        bump_version(conn, smelt.id)


def settle(conn: Connection, smelt: LockedSmelt, status: SmeltStatus, code: ErrorCode | None) -> None:
    """Ends an unfinished smelt: its outcome, its content's deadline, its charge and its webhook.

    Locks the owner's profile, then, for a webhook, the owner's row of that fair queue.

    A completed smelt is charged, and a canceled one that has a result already: else whoever takes the first
    results and cancels late would work for free. What ends without a charge is counted, because it was work too.
    """
    row = conn.execute(
        cached_text(
            """
            update smelts set status = :status, error_code = :code, finished_at = now(), updated_at = now(),
                version = version + 1,
                content_expires_at = least(
                    content_expires_at, now() + make_interval(secs => content_ttl_seconds)
                )
            where id = :id and finished_at is null
            returning version, webhook_url, extract(epoch from now() - created_at)::float8 as seconds
            """
        ),
        {"id": smelt.id, "status": status, "code": code},
    ).one_or_none()
    if row is None:
        return
    changes.note(conn, smelt.id)
    charged = False
    if status is SmeltStatus.COMPLETED or (status is SmeltStatus.CANCELED and has_result(conn, smelt)):
        charged = charge(conn, smelt)
    elif smelt.tier is Tier.ANONYMOUS:
        give_back_anonymous_use(conn, smelt)
    elif smelt.tier is Tier.CREDITS and not smelt.charged:
        count_uncharged(conn, smelt)
    changes.count(
        conn, partial(note_settlement, smelt.tier, status, charged=charged, seconds=max(0.0, row.seconds))
    )
    if row.webhook_url is not None:
        add_delivery(conn, smelt, status, row.version)


def charge(conn: Connection, smelt: LockedSmelt) -> bool:
    """Takes one credit for a smelt on credits, once in its life. False: none was due. Locks the profile."""
    if smelt.tier is not Tier.CREDITS or smelt.charged:
        return False
    conn.execute(
        cached_text(
            """
            update user_profiles set credits_remaining = greatest(credits_remaining - 1, 0), updated_at = now()
            where user_id = :user_id
            """
        ),
        {"user_id": smelt.user_id},
    )
    conn.execute(cached_text("update smelts set charged_at = now() where id = :id"), {"id": smelt.id})
    return True


def give_back_anonymous_use(conn: Connection, smelt: LockedSmelt) -> None:
    """A visitor whose smelt didn't complete may try again on the same day. Locks the address's row of that day."""
    conn.execute(
        cached_text(
            """
            update anonymous_usage set count = count - 1, given_back = given_back + 1
            where ip_hash = :ip_hash and date_utc = (select usage_date from smelts where id = :id) and count > 0
            """
        ),
        {"ip_hash": smelt.tenant.removeprefix("ip:"), "id": smelt.id},
    )


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
        conn.execute(
            cached_text(
                f"""
                update {table} set status = 'canceled', run_at = null, lease_until = null, waiting_for = null,
                    finished_at = now(), updated_at = now()
                where smelt_id = :id and status in {UNFINISHED}
                """
            ),
            {"id": smelt.id},
        )


def _work_left(conn: Connection, smelt: LockedSmelt) -> tuple[bool, bool]:
    row = conn.execute(
        cached_text(
            f"""
            select exists (select from smelt_files where smelt_id = :id and status in {UNFINISHED}),
                exists (select from smelt_outputs where smelt_id = :id and status in {UNFINISHED})
            """
        ),
        {"id": smelt.id},
    ).one()
    return bool(row[0]), bool(row[1])


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
