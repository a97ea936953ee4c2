"""A smelt's server-sent events, taken up again when the connection is lost."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.client.sending import send

PAUSE = 0.5  # seconds before a lost stream is opened again
LAST = "done"


@dataclass(frozen=True, slots=True)
class Event:
    """`name`: smelt, file, output or done. `version`: the smelt's."""

    name: str
    version: int
    data: dict[str, Any]


def follow_events(http: httpx.Client, url: str) -> Iterator[Event]:
    """Until `done`. A stream that was lost begins with a snapshot again. Raises Refused, Unreachable."""
    last: Event | None = None
    while last is None or last.name != LAST:
        if last is not None:
            time.sleep(PAUSE)
        with closing(_opened(http, url, last)) as reply:
            try:
                for last in parsed(reply.iter_lines()):
                    yield last
            except httpx.TransportError:
                continue


def parsed(lines: Iterable[str]) -> Iterator[Event]:
    """Each event with data; comments are left out (WHATWG HTML, section 9.2.6)."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if "data" in fields:
                yield Event(fields["event"], int(fields["id"]), json.loads(fields["data"]))
            fields = {}


def _opened(http: httpx.Client, url: str, last: Event | None) -> httpx.Response:
    headers = {"Accept": "text/event-stream"}
    if last is not None:
        headers["Last-Event-ID"] = str(last.version)
    request = http.build_request("GET", url, headers=headers)
    return send(lambda: http.send(request, stream=True), repeatable=True)
