"""A smelt's server-sent events, taken up again where the connection is lost: where one is, without any transport."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from smelt_client.calls import SMELTS, Call
from smelt_client.causes import address_of, not_the_service
from smelt_client.errors import Unreachable

PAUSE = 0.5  # seconds before a lost stream is opened again
TRIES = 3  # streams in a row that bring nothing
SILENCE = 40.0  # seconds without a byte; a service gives a sign of life every 15
MEDIA_TYPE = "text/event-stream"
LAST = "done"


@dataclass(frozen=True, slots=True)
class Event:
    """`name`: smelt, file, output, segment or done, or what a later service may tell. `version`: the smelt's; of a
    segment the one before it.
    """

    name: str
    version: int
    data: dict[str, Any]


class Follower:
    """One who follows a smelt through as many streams as it takes; each of them begins with a snapshot."""

    def __init__(self, smelt_id: UUID) -> None:
        self._smelt_id = smelt_id
        self._last: Event | None = None
        self._in_vain = 0
        self._address = "the service"

    @property
    def done(self) -> bool:
        return self._last is not None and self._last.name == LAST

    def open(self) -> Call[bytes]:
        """The call for the next stream."""
        self._in_vain += 1
        headers = {"Accept": MEDIA_TYPE}
        if self._last is not None:
            headers["Last-Event-ID"] = str(self._last.version)
        return Call("GET", f"{SMELTS}/{self._smelt_id}/events", bytes, headers=headers)

    def check(self, reply: httpx2.Response) -> None:
        """Raises Unreachable."""
        self._address = address_of(reply.request)
        if not reply.headers.get("content-type", "").startswith(MEDIA_TYPE):
            raise Unreachable(reply.status_code, detail=not_the_service(reply), address=self._address)

    def take(self, sent: httpx2.ServerSentEvent) -> Event | None:
        """What was sent; None for what is no event of a smelt's. Raises Unreachable for what no service sends."""
        if not sent.data:
            return None
        try:
            event = Event(sent.event, int(sent.id), dict(json.loads(sent.data)))
        except (ValueError, TypeError):
            raise Unreachable(detail=f"{self._address} sends what is no event of Smelt's") from None
        self._in_vain, self._last = 0, event
        return event

    def pause(self) -> float:
        """Seconds before the next stream. Raises Unreachable when streams are opened but bring nothing: something on
        the way holds them back.
        """
        if self._in_vain >= TRIES:
            raise Unreachable(
                detail=f"{self._address} answers, but its events don't come through: a proxy may hold them back"
            )
        return PAUSE
