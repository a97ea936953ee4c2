"""Reads an event stream as a client does: `http://www.w3.org/TR/eventsource/`, the fields that we send."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """A heartbeat has the name `` and no data."""

    name: str
    data: dict[str, Any]
    version: int


@contextmanager
def events(client: httpx.Client, address: str, **request: Any) -> Iterator[Iterator[Event]]:
    with client.stream("GET", address, **request) as reply:
        reply.read() if reply.is_error else None
        assert reply.status_code == 200, reply.text
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        yield _parsed(reply.iter_lines())


def _parsed(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line.startswith(":"):
            yield Event("", {}, 0)
        elif line:
            fields[name] = value.removeprefix(" ")
        elif "event" in fields:
            yield Event(fields["event"], json.loads(fields["data"]), int(fields["id"]))
            fields = {}
