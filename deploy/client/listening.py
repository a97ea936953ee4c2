"""What is heard of several smelts, while they are looked at in turns: by an event stream for each that is at work.

A stream is read in a thread of its own: it blocks until something happens.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self
from uuid import UUID

from deploy.client.following import SEGMENT, Hear
from pipeline.states import InputType, WorkStatus
from smelt_client import Refused, Unreachable
from smelt_client.events import Event
from smelt_client.models import SmeltReply

STREAMS = 12  # at once, each a connection: as many as there are lines for parts (`deploy/client/progress.py`)


class Listening:
    """`hear`: is called from any thread. A smelt whose stream doesn't come through is listened to no more: how far it
    is, is known by looking.
    """

    def __init__(self, events: Callable[[UUID], Iterable[Event]], hear: Hear) -> None:
        self._events = events
        self._hear = hear
        self._threads: dict[UUID, threading.Thread] = {}
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is heard from now on. Doesn't wait for streams on which nothing comes."""
        self._closed.set()

    def take(self, smelts: Sequence[SmeltReply]) -> None:
        """Listens, each until it has ended, to those that have begun to hear a recording, as far as there is room."""
        for smelt in smelts:
            if smelt.id not in self._threads and _hears(smelt) and self._open < STREAMS:
                thread = threading.Thread(target=self._listen, args=(smelt.id,), daemon=True)
                self._threads[smelt.id] = thread
                thread.start()

    @property
    def _open(self) -> int:
        return sum(thread.is_alive() for thread in self._threads.values())

    def _listen(self, smelt_id: UUID) -> None:
        try:
            with suppress(Refused, Unreachable):
                for event in self._events(smelt_id):
                    if self._closed.is_set():
                        return
                    if event.name == SEGMENT:
                        self._hear(UUID(event.data["file"]), str(event.data["text"]))
        except RuntimeError:  # of a client that was closed meanwhile, as a broken stream is opened again
            if not self._closed.is_set():
                raise


def _hears(smelt: SmeltReply) -> bool:
    return any(
        file.input_type == InputType.AUDIO and file.status == WorkStatus.PROCESSING for file in smelt.files
    )
