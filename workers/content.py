"""A job's content: its key unwrapped, its objects by name."""

from uuid import UUID

from pipeline.content import Kind, ObjectName
from pipeline.content_errors import ContentMissing
from pipeline.errors import WorkError
from pipeline.keyring import smelt_context
from pipeline.states import ErrorCode
from workers.services import Services


def unwrap_key(services: Services, smelt_id: UUID, wrapped: bytes | None) -> bytes:
    """The smelt's content key. Raises WorkError once the content is deleted."""
    if wrapped is None:
        raise WorkError(ErrorCode.CONTENT_EXPIRED)
    return services.keyring.unwrap(bytes(wrapped), smelt_context(smelt_id))


def read_optional(services: Services, smelt_id: UUID, kind: Kind, key: bytes) -> str | None:
    """A text that belongs to the smelt as a whole; None where the client sent none."""
    try:
        return services.content.get(ObjectName(smelt_id, smelt_id, kind, 0), key).decode()
    except ContentMissing:
        return None
