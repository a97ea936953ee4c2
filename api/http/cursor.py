"""Where a page of a list ended, as an opaque text that stays valid when newer rows come in."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

from api.errors import ApiError, Code, Fault, FaultCode

MAX_CHARS = 200

Place = tuple[datetime, UUID]


def encode(place: Place) -> str:
    created_at, row_id = place
    return (
        urlsafe_b64encode(f"{created_at.astimezone(UTC).isoformat()} {row_id}".encode()).decode().rstrip("=")
    )


def decode(cursor: str) -> Place:
    """Raises ApiError `validation_failed`."""
    try:
        cursor = cursor[:MAX_CHARS]  # none that a list gave is as long
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        time, _, row_id = text.partition(" ")
        return datetime.fromisoformat(time).astimezone(UTC), UUID(row_id)
    except (ValueError, OverflowError, binascii.Error):  # at the ends of time a zone leads past them
        detail = "The cursor is not one that a list gave."
        raise ApiError(
            Code.VALIDATION_FAILED, detail, faults=[Fault(FaultCode.INVALID_VALUE, detail, "cursor")]
        ) from None
