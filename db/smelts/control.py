"""What a client may do to a smelt once it is admitted: cancel it, take it back to work, delete it.

The API has made sure that the smelt is the caller's; these run as the service role, because a user who could
write a smelt's row could grant themselves work. Each locks the smelt's row first.
"""

from collections.abc import Sequence
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
from pipeline.states import SmeltStatus, Tier


class NotFound(Exception):
    """There is no such smelt any more, or no such part of it."""


class AlreadyEnded(Exception):
    """What is terminal can't be canceled."""


class NotEnded(Exception):
    """Only what is terminal can be retried."""


class NothingToRetry(Exception):
    """Everything that is to be retried has completed."""


class ContentGone(Exception):
    """The content that a retry would need is deleted."""


def cancel(conn: Connection, smelt_id: UUID) -> None:
    """Ends every part that hasn't ended, and the smelt. Raises NotFound, AlreadyEnded."""
    smelt = locked(conn, smelt_id)
    if smelt.status.terminal:
        raise AlreadyEnded
    _cancel(conn, smelt)


def delete_content(conn: Connection, smelt_id: UUID) -> datetime:
    """Cancels an unfinished smelt and destroys its key; returns when that was. Safe to repeat. Raises NotFound.

    The caller deletes the objects afterwards.
    """
    smelt = locked(conn, smelt_id)
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
    smelt = locked(conn, smelt_id)
    if not smelt.status.terminal:
        raise NotEnded
    check_content(conn, smelt_id)
    recordings = reopen_files(conn, smelt_id)
    if reopen_outputs(conn, smelt_id) == 0 and not recordings:
        raise NothingToRetry
    return take_back(conn, smelt, recordings, allowances, content_max_age_seconds)


def take_back(
    conn: Connection,
    smelt: LockedSmelt,
    recordings: Sequence[tuple[UUID, float]],
    allowances: Allowances,
    content_max_age_seconds: int,
) -> Admitted:
    """The smelt of parts that were reopened, back at work. `recordings`: the files among them, and what each costs.

    Raises db.smelts.reservation.Refused, db.accounts.api_keys.KeyNotValid.
    """
    _reopen_smelt(conn, smelt.id, content_max_age_seconds)
    _reserve_again(conn, smelt, allowances)
    make_claimable(conn, FILES, smelt.tenant, recordings)
    outputs = release_outputs(conn, smelt)
    count_for_platform(conn, smelt.tier, allowances)
    return Admitted(len(recordings), outputs)


def locked(conn: Connection, smelt_id: UUID) -> LockedSmelt:
    """Raises NotFound."""
    smelt = lock_smelt(conn, smelt_id)
    if smelt is None:
        raise NotFound
    return smelt


def _cancel(conn: Connection, smelt: LockedSmelt) -> None:
    cancel_parts(conn, smelt)
    settle(conn, smelt, SmeltStatus.CANCELED, None)


def check_content(conn: Connection, smelt_id: UUID) -> None:
    """Raises ContentGone."""
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
        outage_since = null, traceparent = default, updated_at = now()
"""
_WITHOUT_RESULT = "where smelt_id = :id and status in ('failed', 'canceled')"


def reopen_files(
    conn: Connection, smelt_id: UUID, only: str = "true", **values: object
) -> list[tuple[UUID, float]]:
    """Those without a transcript → waiting, with a fresh budget. `only`: which of them, as SQL with `values`.

    Returns what each costs, in the files' order.
    """
    reopen = f"update smelt_files {_REOPEN}, error_detail = null {_WITHOUT_RESULT} and {only}"
    rows = conn.execute(
        cached_text(f"{reopen} returning id, size_bytes, position"), {"id": smelt_id, **values}
    ).all()
    return [
        (row.id, transcription_cost(row.size_bytes)) for row in sorted(rows, key=lambda row: row.position)
    ]


def reopen_outputs(conn: Connection, smelt_id: UUID, only: str = "true", **values: object) -> int:
    """As `reopen_files`; returns how many."""
    reopen = f"update smelt_outputs {_REOPEN} {_WITHOUT_RESULT} and {only}"
    return conn.execute(cached_text(reopen), {"id": smelt_id, **values}).rowcount


def _reopen_smelt(conn: Connection, smelt_id: UUID, content_max_age_seconds: int) -> None:
    conn.execute(
        cached_text(
            """
            update smelts set error_code = null, version = version + 1, updated_at = now(), finished_at = null,
                content_expires_at = created_at + make_interval(secs => :max_age), status = case
                    when finished_at is not null then 'pending'
                    when status = 'synthesizing' and exists (
                        select from smelt_files where smelt_id = :id and status = 'waiting'
                    ) then 'transcribing'
                    else status
                end
            where id = :id
            """
        ),
        {"id": smelt_id, "max_age": content_max_age_seconds},
    )
    changes.note(conn, smelt_id)


def _reserve_again(conn: Connection, smelt: LockedSmelt, allowances: Allowances) -> None:
    """A charged smelt is paid for, one that hasn't ended holds what it reserved, and a completed anonymous one, or one
    canceled late, still has its use. Such a retry is counted all the same: else one file that is broken on purpose is
    worked on without end.
    """
    reserved = not smelt.status.terminal
    if smelt.user_id is None:
        has_use = reserved or (smelt.status is not SmeltStatus.FAILED and has_result(conn, smelt))
        count = count_anonymous_retry if has_use else take_back_anonymous_use
        count(conn, smelt.id, smelt.tenant, allowances)
    elif smelt.charged or (reserved and smelt.tier is Tier.CREDITS):
        hold_credits(conn, smelt.user_id, allowances)
        count_uncharged(conn, smelt)
    else:
        reserve(conn, smelt.user_id, smelt.tenant, smelt.tier, allowances)
