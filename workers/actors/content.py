"""A job's content: its key unwrapped, its objects by name."""

import itertools
import logging
import time
from collections.abc import Callable
from uuid import UUID

from db.smelts.content_keys import find_missing
from db.work.parts import note_waiting
from pipeline.content.errors import ContentMissing, ContentUnavailable
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import LostLease, WorkError
from pipeline.retry import outage_wait
from pipeline.states import ErrorCode, WaitingFor
from workers.runner.task import Task
from workers.services import Services

log = logging.getLogger(__name__)

KEPT_SECONDS = 3_600.0  # a result is kept for, while the store is away: its slot has no other use meanwhile
LONGEST_PAUSE = 10.0  # seconds between two tries to store it
STEP_SECONDS = 0.5


def unwrap_key(services: Services, smelt_id: UUID, wrapped: bytes | None) -> bytes:
    """The smelt's content key. Raises WorkError once the content is deleted."""
    if wrapped is None:
        raise WorkError(ErrorCode.CONTENT_EXPIRED)
    return services.keyring.unwrap(bytes(wrapped), smelt_context(smelt_id))


def record_stored(
    task: Task, name: ObjectName, key: bytes, content: bytes, record: Callable[[], object]
) -> None:
    """Stores what was made, and has it recorded that it is there. Raises LostLease when the part is no longer ours, and
    ContentUnavailable when the store has been away for an hour.

    The smelt's content may have been deleted meanwhile; then nobody else would delete what came after that.
    """
    _store(task, name, key, content)
    record_if_ours(task, name.smelt_id, record)


def record_if_ours(task: Task, smelt_id: UUID, record: Callable[[], object]) -> None:
    """Of what has been stored just now. Raises LostLease, as above."""
    services = task.services
    try:
        record()
    except LostLease:
        if services.record(lambda conn: find_missing(conn, [smelt_id])):
            services.content.delete_smelt(smelt_id)
        raise


def _store(task: Task, name: ObjectName, key: bytes, content: bytes) -> None:
    """Work that is done isn't thrown away because the store is away at its end: the part says that it waits."""
    give_up = time.monotonic() + KEPT_SECONDS
    for tries in itertools.count(1):
        try:
            task.services.content.put(name, key, content)
        except ContentUnavailable:
            if time.monotonic() > give_up:
                raise
            if tries == 1:
                log.warning("the content store is away; the result is kept until it is back")
                task.services.record(
                    lambda conn: note_waiting(conn, task.table, task.claim, WaitingFor.CONTENT_STORE)
                )
            _pause(task, min(outage_wait(None, tries), LONGEST_PAUSE))
        else:
            return


def _pause(task: Task, seconds: float) -> None:
    """Raises LostLease and GiveBack, as the lease does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        task.lease.tick(0.0)
        time.sleep(STEP_SECONDS)


def read_optional(services: Services, smelt_id: UUID, kind: Kind, key: bytes) -> str | None:
    """A text that belongs to the smelt as a whole; None where the client sent none."""
    try:
        return services.content.get(ObjectName(smelt_id, smelt_id, kind, 0), key).decode()
    except ContentMissing:
        return None
