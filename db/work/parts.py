"""What workers and the reconciler do with a piece of work, whichever table it is in."""

from sqlalchemy import Connection

from db.locks import bump_version, lock_smelt_of
from db.statement import cached_text
from db.work import claims
from db.work.claims import Claim, WorkTable
from db.work.expired import lock_expired
from db.work.leases import renew
from pipeline.errors import LostLease
from pipeline.retry import Decision, GiveUp, TryAgain
from pipeline.states import ErrorCode, WaitingFor


def tell_progress(
    conn: Connection, table: WorkTable, claim: Claim, lease_seconds: float, progress: float
) -> bool:
    """Notes the progress (0 to 1) for those who follow, and extends the lease. False: the claim was lost.

    Locks the smelt's row first. Where the claim no longer holds, nothing changes. Raises LostLease.
    """
    smelt = lock_smelt_of(conn, table, claim.id) if table.of_smelt else None
    ours = renew(conn, table, claim, lease_seconds, progress)
    if ours and smelt is not None:
        bump_version(conn, smelt.id)
    return ours


def record_failure(conn: Connection, table: WorkTable, claim: Claim, decision: Decision) -> None:
    """Carries out what `pipeline/retry.py` decided. Locks the smelt's row, then the part's. Raises LostLease."""
    if isinstance(decision, GiveUp):
        give_up(conn, table, claim, decision)
    else:
        try_again(conn, table, claim, decision)


def give_up(conn: Connection, table: WorkTable, claim: Claim, end: GiveUp) -> None:
    if table.fail is None:
        claims.fail(conn, table, claim, end.code)
    else:
        table.fail(conn, claim, end.code, end.detail)


def try_again(conn: Connection, table: WorkTable, claim: Claim, decision: TryAgain) -> None:
    if table.of_smelt:
        smelt = lock_smelt_of(conn, table, claim.id)
        bump_version(conn, smelt.id)
    claims.put_back(conn, table, claim, decision)


def note_waiting(conn: Connection, table: WorkTable, claim: Claim, what: WaitingFor) -> None:
    """What a worker waits for who keeps the part meanwhile. Raises LostLease.

    Locks the smelt's row, then the part's.
    """
    smelt = lock_smelt_of(conn, table, claim.id)
    sql = f"""
        update {table.name} set waiting_for = :what, outage_since = {claims.OUTAGE_SINCE}, updated_at = now()
        where id = :id and attempt = :attempt and status = 'processing'
    """
    values = {"what": what, "id": claim.id, "attempt": claim.attempt}
    if conn.execute(cached_text(sql), values).rowcount != 1:
        raise LostLease
    bump_version(conn, smelt.id)


def rescue(conn: Connection, table: WorkTable, claim: Claim, max_failures: int) -> bool:
    """Takes an expired row from its silent worker: back to the queue, or `worker_lost` when its budget is used up.

    Where it shared its worker with others nobody knows of which the worker died: it is alone the next time.
    False: the row has moved on since it was found.
    """
    if table.of_smelt:
        lock_smelt_of(conn, table, claim.id)
    if not lock_expired(conn, table, claim):
        return False
    if not claim.alone:
        try_again(conn, table, claim, TryAgain(0.0, counts=False, alone=True))
    elif claim.failures + 1 >= max_failures:
        give_up(conn, table, claim, GiveUp(ErrorCode.WORKER_LOST))
    else:
        try_again(conn, table, claim, TryAgain(0.0, counts=True))
    return True
