"""States of work in operators' words; not in `pipeline/states.py`, whose enums are types of the database too."""

from enum import StrEnum


class ShownState(StrEnum):
    """A `WorkStatus` as operators see it: `held` is told from `waiting`, where the tenant is paused."""

    WAITING = "waiting"
    HELD = "held"
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
