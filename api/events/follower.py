"""Who follows a smelt, and for how long that is allowed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Follower:
    """The stream ends when the follower's token does: at `ends`, or once no live machine token has the hash.

    `user_id`: None for a visitor, whose token opens one smelt.
    """

    user_id: UUID | None
    ends: datetime | None
    token_hash: bytes | None

    @property
    def seconds_left(self) -> float:
        return float("inf") if self.ends is None else (self.ends - datetime.now(UTC)).total_seconds()
