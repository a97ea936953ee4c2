"""A job's content: its key unwrapped, its objects by name."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection

from db.content_keys import find_missing
from pipeline.content import Kind, ObjectName
from pipeline.content_errors import ContentMissing
from pipeline.errors import LostLease, WorkError
from pipeline.keyring import smelt_context
from pipeline.states import ErrorCode
from workers.run import Task
from workers.services import Services


def unwrap_key(services: Services, smelt_id: UUID, wrapped: bytes | None) -> bytes:
    """The smelt's content key. Raises WorkError once the content is deleted."""
    if wrapped is None:
        raise WorkError(ErrorCode.CONTENT_EXPIRED)
    return services.keyring.unwrap(bytes(wrapped), smelt_context(smelt_id))


def record_stored(
    task: Task, name: ObjectName, key: bytes, content: bytes, record: Callable[[Connection], object]
) -> None:
    """Stores what was made, and records that it is there. Raises LostLease when the part is no longer ours.

    The smelt's content may have been deleted meanwhile; then nobody else would delete what came after that.
    """
    services = task.services
    services.content.put(name, key, content)
    try:
        task.record(record)
    except LostLease:
        if task.record(lambda conn: find_missing(conn, [name.smelt_id])):
            services.content.delete_smelt(name.smelt_id)
        raise


def read_optional(services: Services, smelt_id: UUID, kind: Kind, key: bytes) -> str | None:
    """A text that belongs to the smelt as a whole; None where the client sent none."""
    try:
        return services.content.get(ObjectName(smelt_id, smelt_id, kind, 0), key).decode()
    except ContentMissing:
        return None
