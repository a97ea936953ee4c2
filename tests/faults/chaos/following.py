"""A client that follows a smelt by one event stream, for as long as that lasts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.faults.chaos.world import World


class Stream:
    """`done`: the smelt's end was told. `broken`: the stream ended before, or never began."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.done = threading.Event()
        self.broken = threading.Event()


@contextmanager
def following(it: World, smelt: str) -> Iterator[Stream]:
    stream = Stream()
    with httpx.Client(base_url=it.service.address, timeout=None, trust_env=False) as client:  # noqa: S113
        thread = threading.Thread(target=_read, args=(client, smelt, it.oracle.owners[smelt], stream))
        thread.start()
        assert stream.begun.wait(30), "the stream never began"
        yield stream
        assert stream.done.wait(60), "the end was never told"
        thread.join()


def _read(client: httpx.Client, smelt: str, headers: dict[str, str], stream: Stream) -> None:
    try:
        with client.stream("GET", f"/v1/smelts/{smelt}/events", headers=headers) as answer:
            for line in answer.iter_lines():
                stream.begun.set()
                if line == "event: done":
                    stream.done.set()
                    return
        stream.broken.set()
    except httpx.TransportError:
        stream.broken.set()
