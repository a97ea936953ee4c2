"""What can go wrong with stored content. No message holds a path, a name or content.

WorkError
└── ContentError
    ├── ContentMissing       never stored, expired, or deleted; final
    ├── ContentTampered      not what was stored under this name and key; final
    └── ContentUnavailable   the store could not be reached or is full: an outage, which no part fails by
"""

from pipeline.errors import WorkError
from pipeline.states import ErrorCode, WaitingFor

AWAY = "The content store could not be reached."


class ContentError(WorkError):
    """Content could not be read or written."""


class ContentMissing(ContentError):
    """There is no such object: never stored, expired, or deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.CONTENT_EXPIRED)


class ContentTampered(ContentError):
    """The object is cut, changed, swapped, or sealed with another key. Reading it again will not help."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.INTERNAL_ERROR, "The stored content is damaged.")


class ContentUnavailable(ContentError):
    """The store did not answer, refused, or has no room. `reason`: for whoever runs the service; names no place.
    `retry_after`: seconds until it is worth a call.
    """

    def __init__(self, reason: str = AWAY, *, retry_after: float | None = None) -> None:
        super().__init__(
            ErrorCode.INTERNAL_ERROR,
            reason,
            retryable=True,
            retry_after=retry_after,
            waiting_for=WaitingFor.CONTENT_STORE,
        )
