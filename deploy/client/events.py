"""A smelt's server-sent events, taken up again when the connection is lost."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from deploy.client.causes import address_of, not_the_service
from deploy.client.failures import Unreachable
from deploy.client.sending import send

PAUSE = 0.5  # seconds before a lost stream is opened again
TRIES = 3  # streams in a row that bring nothing
TIMEOUT = httpx2.Timeout(
    40.0, connect=10.0
)  # seconds without a byte; a service gives a sign of life every 15
MEDIA_TYPE = "text/event-stream"
LAST = "done"


@dataclass(frozen=True, slots=True)
class Event:
    """`name`: smelt, file, output or done. `version`: the smelt's."""

    name: str
    version: int
    data: dict[str, Any]


def follow_events(http: httpx2.Client, url: str) -> Iterator[Event]:
    """Until `done`. A stream that was lost begins with a snapshot again.

    Raises Refused, Unreachable; the latter also when streams are opened but bring nothing: something on the way holds
    them back.
    """
    last: Event | None = None
    in_vain = 0
    while True:
        in_vain += 1
        with closing(_opened(http, url, last)) as reply, suppress(httpx2.TransportError):
            for last in parsed(httpx2.EventSource(reply)):
                in_vain = 0
                yield last
                if last.name == LAST:
                    return
        if in_vain == TRIES:
            raise Unreachable(
                f"{address_of(reply.request)} answers, but its events don't come through: a proxy may hold them back"
            )
        time.sleep(PAUSE)


def parsed(source: Iterable[httpx2.ServerSentEvent]) -> Iterator[Event]:
    """Each event with data."""
    for sent in source:
        if sent.data:
            yield Event(sent.event, int(sent.id), json.loads(sent.data))


def _opened(http: httpx2.Client, url: str, last: Event | None) -> httpx2.Response:
    headers = {"Accept": MEDIA_TYPE}
    if last is not None:
        headers["Last-Event-ID"] = str(last.version)
    request = http.build_request("GET", url, headers=headers, timeout=TIMEOUT)
    reply = send(lambda: http.send(request, stream=True), repeatable=True)
    if not reply.headers.get("content-type", "").startswith(MEDIA_TYPE):
        reply.close()
        raise Unreachable(not_the_service(reply))
    return reply
