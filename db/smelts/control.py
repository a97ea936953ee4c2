"""What a client may do to a smelt once it is admitted: cancel it, take it back to work, delete it.

The API has made sure that the smelt is the caller's; these run as the service role, because a user who could
write a smelt's row could grant themselves work. Each locks the smelt's row first.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.locks import LockedSmelt, lock_smelt
from db.smelts.admission import Admitted
from db.smelts.content_keys import destroy_key
from db.smelts.reservation import (
    Allowances,
    count_anonymous_retry,
    count_for_platform,
    hold_credits,
    reserve,
    take_back_anonymous_use,
)
from db.smelts.settlement import cancel_parts, count_uncharged, has_result, settle
from db.statement import cached_text
from db.work.fair_queue import make_claimable
from db.work.files import FILES, release_outputs
from pipeline.fairness import transcription_cost
from pipeline.states import SmeltStatus


class NotFound(Exception):
    """There is no such smelt any more."""


class AlreadyEnded(Exception):
    """A terminal smelt can't be canceled."""


class NotEnded(Exception):
    """Only a terminal smelt can be retried."""


class NothingToRetry(Exception):
    """Every part has completed."""


class ContentGone(Exception):
    """The content that a retry would need is deleted."""


def cancel(conn: Connection, smelt_id: UUID) -> None:
    """Ends every part that hasn't ended, and the smelt. Raises NotFound, AlreadyEnded."""
    smelt = _lock(conn, smelt_id)
    if smelt.status.terminal:
        raise AlreadyEnded
    _cancel(conn, smelt)


def delete_content(conn: Connection, smelt_id: UUID) -> datetime:
    """Cancels an unfinished smelt and destroys its key; returns when that was. Safe to repeat. Raises NotFound.

    The caller deletes the objects afterwards.
    """
    smelt = _lock(conn, smelt_id)
    if not smelt.status.terminal:
        _cancel(conn, smelt)
    destroy_key(conn, smelt_id)
    deleted_at: datetime = conn.execute(
        cached_text("select content_deleted_at from smelts where id = :id"), {"id": smelt_id}
    ).scalar_one()
    return deleted_at


def retry(conn: Connection, smelt_id: UUID, allowances: Allowances, content_max_age_seconds: int) -> Admitted:
    """Takes a terminal smelt back to work: the parts that failed or were canceled, with a fresh budget.

    A smelt that was charged is never charged again, but the retry counts as work without a charge; one that wasn't
    draws on the allowance as if it were new.
    Raises NotFound, NotEnded, ContentGone, NothingToRetry, db.smelts.reservation.Refused,
    db.accounts.api_keys.KeyNotValid.
    """
    smelt = _lock(conn, smelt_id)
    if not smelt.status.terminal:
        raise NotEnded
    _check_content(conn, smelt_id)
    recordings = _reopen_files(conn, smelt_id)
    if _reopen_outputs(conn, smelt_id) == 0 and not recordings:
        raise NothingToRetry
    _reopen_smelt(conn, smelt_id, content_max_age_seconds)
    _reserve_again(conn, smelt, allowances)
    make_claimable(conn, FILES, smelt.tenant, recordings)
    outputs = release_outputs(conn, smelt)
    count_for_platform(conn, smelt.tier, allowances)
    return Admitted(len(recordings), outputs)


def _lock(conn: Connection, smelt_id: UUID) -> LockedSmelt:
    smelt = lock_smelt(conn, smelt_id)
    if smelt is None:
        raise NotFound
    return smelt


def _cancel(conn: Connection, smelt: LockedSmelt) -> None:
    cancel_parts(conn, smelt)
    settle(conn, smelt, SmeltStatus.CANCELED, None)


def _check_content(conn: Connection, smelt_id: UUID) -> None:
    alive = conn.execute(
        cached_text(
            "select content_key is not null and content_expires_at > now() from smelts where id = :id"
        ),
        {"id": smelt_id},
    ).scalar_one()
    if not alive:
        raise ContentGone


_REOPEN = """
    set status = 'waiting', error_code = null, failures = 0, progress = 0, run_at = null, finished_at = null,
        updated_at = now()
    where smelt_id = :id and status in ('failed', 'canceled')
"""


def _reopen_files(conn: Connection, smelt_id: UUID) -> list[tuple[UUID, float]]:
    rows = conn.execute(
        cached_text(f"update smelt_files {_REOPEN} returning id, size_bytes, position"), {"id": smelt_id}
    ).all()
    return [
        (row.id, transcription_cost(row.size_bytes)) for row in sorted(rows, key=lambda row: row.position)
    ]


def _reopen_outputs(conn: Connection, smelt_id: UUID) -> int:
    return conn.execute(cached_text(f"update smelt_outputs {_REOPEN}"), {"id": smelt_id}).rowcount


def _reopen_smelt(conn: Connection, smelt_id: UUID, content_max_age_seconds: int) -> None:
    conn.execute(
        cached_text(
            """
            update smelts set status = 'pending', error_code = null, finished_at = null, version = version + 1,
                content_expires_at = created_at + make_interval(secs => :max_age), updated_at = now()
            where id = :id
            """
        ),
        {"id": smelt_id, "max_age": content_max_age_seconds},
    )
    changes.note(conn, smelt_id)


def _reserve_again(conn: Connection, smelt: LockedSmelt, allowances: Allowances) -> None:
    """A charged smelt is paid for, and a completed anonymous one, or one canceled late, still has its use.

    Such a retry is counted all the same: else one file that is broken on purpose is worked on without end.
    """
    if smelt.user_id is None:
        has_use = smelt.status is not SmeltStatus.FAILED and has_result(conn, smelt)
        count = count_anonymous_retry if has_use else take_back_anonymous_use
        count(conn, smelt.id, smelt.tenant, allowances)
    elif smelt.charged:
        hold_credits(conn, smelt.user_id, allowances)
        count_uncharged(conn, smelt)
    else:
        reserve(conn, smelt.user_id, smelt.tenant, smelt.tier, allowances)
