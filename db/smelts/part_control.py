"""What a client may do to one part of a smelt: cancel it, take it back to work. As `db/smelts/control.py` does to all.

Each locks the smelt's row first, so that the part can't complete meanwhile, nor its smelt be settled twice.

What ended in the same moment as a file did so because of it: a file ends in one transaction with what its end takes
along, and `now()` is the transaction's.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from db.locks import LockedSmelt
from db.smelts.admission import Admitted
from db.smelts.control import (
    AlreadyEnded,
    NotEnded,
    NotFound,
    NothingToRetry,
    check_content,
    locked,
    reopen_files,
    reopen_outputs,
    take_back,
)
from db.smelts.reservation import Allowances
from db.smelts.settlement import advance, cancel_rows
from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.files import FILES, release_outputs
from db.work.outputs import OUTPUTS
from pipeline.states import SmeltMode, WorkStatus


class InputMissing(Exception):
    """What the output would be made of has failed or was canceled."""


class _Part(NamedTuple):
    status: WorkStatus
    finished_at: datetime | None


def cancel_file(conn: Connection, smelt_id: UUID, file_id: UUID) -> Admitted:
    """Ends a file, and what needs it: its own outputs. What is combined goes on with the files that are left, and may
    be ready now; without any it ends too. Raises NotFound, AlreadyEnded.
    """
    smelt = _cancel(conn, FILES, smelt_id, file_id)
    if smelt.mode is SmeltMode.SEPARATE:
        cancel_rows(conn, smelt, OUTPUTS.name, "file_id = :file_id", file_id=file_id)
    else:
        cancel_rows(conn, smelt, OUTPUTS.name, f"not {_HAS_INPUT[SmeltMode.COMBINE]}")
    ready = release_outputs(conn, smelt)
    advance(conn, smelt)
    return Admitted(0, ready)


def cancel_output(conn: Connection, smelt_id: UUID, output_id: UUID) -> Admitted:
    """Ends an output; the others go on. Raises NotFound, AlreadyEnded."""
    advance(conn, _cancel(conn, OUTPUTS, smelt_id, output_id))
    return Admitted(0, 0)


def retry_file(
    conn: Connection, smelt_id: UUID, file_id: UUID, allowances: Allowances, content_max_age_seconds: int
) -> Admitted:
    """Takes back a file, and what ended because of it: its outputs; what is combined, if any file's end ended it, since
    it can be made of this one; and where its failure ended all that was to be combined, the other files. Charged as
    `control.retry` is.

    Raises what that does. The smelt needn't have ended.
    """
    smelt = locked(conn, smelt_id)
    file = _retryable(conn, FILES, smelt, file_id)
    with_it = "status = 'canceled' and finished_at = :ended" if file.status is WorkStatus.FAILED else "false"
    ids = {"file_id": file_id, "ended": file.finished_at}
    ends = list(conn.scalars(cached_text(_ENDS_OF_FILES), {"smelt_id": smelt_id}))
    recordings = reopen_files(conn, smelt_id, f"(id = :file_id or {with_it})", **ids)
    of_it = _ENDED_WITH[smelt.mode]
    reopen_outputs(conn, smelt_id, f"{of_it} and {_HAS_INPUT[smelt.mode]}", ends=ends, **ids)
    return take_back(conn, smelt, recordings, allowances, content_max_age_seconds)


def retry_output(
    conn: Connection, smelt_id: UUID, output_id: UUID, allowances: Allowances, content_max_age_seconds: int
) -> Admitted:
    """Takes back an output alone. Raises InputMissing, and what `retry_file` does."""
    smelt = locked(conn, smelt_id)
    _retryable(conn, OUTPUTS, smelt, output_id)
    if (
        reopen_outputs(conn, smelt_id, f"id = :output_id and {_HAS_INPUT[smelt.mode]}", output_id=output_id)
        == 0
    ):
        raise InputMissing
    return take_back(conn, smelt, [], allowances, content_max_age_seconds)


# Whether what an output is made of is there, or comes. An output that waited for what never comes would keep its smelt
# from its end.
_HAS_INPUT = {
    SmeltMode.SEPARATE: """exists (
        select from smelt_files f where f.id = smelt_outputs.file_id and f.status not in ('failed', 'canceled')
    )""",
    SmeltMode.COMBINE: """(
        exists (
            select from smelt_files f
            where f.smelt_id = smelt_outputs.smelt_id and f.status not in ('failed', 'canceled')
        )
        and not exists (
            select from smelt_files f where f.smelt_id = smelt_outputs.smelt_id and f.status = 'failed'
        )
    )""",
}


# Which outputs ended because of a file's end.
_ENDED_WITH = {
    SmeltMode.SEPARATE: "finished_at = :ended and file_id = :file_id",
    SmeltMode.COMBINE: "finished_at = any(:ends)",
}
_ENDS_OF_FILES = "select finished_at from smelt_files where smelt_id = :smelt_id and finished_at is not null"


def _cancel(conn: Connection, table: WorkTable, smelt_id: UUID, part_id: UUID) -> LockedSmelt:
    smelt = locked(conn, smelt_id)
    if cancel_rows(conn, smelt, table.name, "id = :part_id", part_id=part_id) == 0:
        _find(conn, table, smelt, part_id)
        raise AlreadyEnded
    return smelt


def _retryable(conn: Connection, table: WorkTable, smelt: LockedSmelt, part_id: UUID) -> _Part:
    """Raises NotFound, NotEnded, NothingToRetry, ContentGone."""
    part = _find(conn, table, smelt, part_id)
    if not part.status.terminal:
        raise NotEnded
    check_content(conn, smelt.id)
    if part.status is WorkStatus.COMPLETED:
        raise NothingToRetry
    return part


def _find(conn: Connection, table: WorkTable, smelt: LockedSmelt, part_id: UUID) -> _Part:
    """Of this smelt, whoever else has one of that id. Raises NotFound."""
    row = conn.execute(
        cached_text(f"select status, finished_at from {table.name} where id = :id and smelt_id = :smelt_id"),
        {"id": part_id, "smelt_id": smelt.id},
    ).one_or_none()
    if row is None:
        raise NotFound
    return _Part(WorkStatus(row.status), row.finished_at)
