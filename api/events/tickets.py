"""One-use tickets for browsers that follow a smelt without the page's session: EventSource can't send a token."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.auth.one_use_tickets import OneUseTickets
from api.events.follower import Follower

LIFETIME = 60  # seconds
EVENTS = "events"


class _Kept(BaseModel):
    """What a ticket stands for."""

    smelt_id: UUID
    user_id: UUID | None
    ends: datetime | None
    token_hash: str | None


class Tickets:
    """Safe to share between threads. Both methods raise TicketsUnavailable."""

    def __init__(self, tickets: OneUseTickets) -> None:
        self._tickets = tickets

    def issue(self, follower: Follower, smelt_id: UUID) -> str:
        kept = _Kept(
            smelt_id=smelt_id,
            user_id=follower.user_id,
            ends=follower.ends,
            token_hash=follower.token_hash.hex() if follower.token_hash else None,
        )
        return self._tickets.issue(EVENTS, kept.model_dump_json(), LIFETIME)

    def redeem(self, ticket: str, smelt_id: UUID) -> Follower | None:
        """Uses the ticket up. None: there is none such, not any more, or it was for another smelt."""
        found = self._tickets.redeem(EVENTS, ticket)
        if found is None:
            return None
        kept = _Kept.model_validate_json(found)
        if kept.smelt_id != smelt_id:
            return None
        return Follower(kept.user_id, kept.ends, bytes.fromhex(kept.token_hash) if kept.token_hash else None)
