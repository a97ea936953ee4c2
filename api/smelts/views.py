"""The views of smelts that this process has made: each version's once, for all who read or follow the smelt.

Making one of a thousand files takes a fifth of a second of Python. Who may see it has been decided before, by Postgres.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from api.smelts.view import View
from db.session import Database
from db.smelts.reads import find_queue_positions, get_head, with_holds, with_parts
from pipeline.smelt import Smelt

MOST_BYTES = 64_000_000
PLACES_SECONDS = 2.0  # in which places in the queue are taken for right
# What changes without the smelt's version (a part that is due again, a hundredth of progress) is seen after so long,
# and after so many times as long as it took to make the view: looking at large ones must not be all that is done.
KEPT_SECONDS, KEPT_TIMES = 1.0, 50


class Views:
    """For any thread, and never for the event loop: it reads Postgres, and computes."""

    def __init__(self, database: Database, most_bytes: int = MOST_BYTES) -> None:
        self._database = database
        self._most_bytes = most_bytes
        self._lock = threading.Lock()  # of what follows; held for moments
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()  # the one used last at the end
        self._bytes = 0
        self._under_way: dict[UUID, _UnderWay] = {}

    def get(self, head: Smelt) -> View | None:
        """The smelt as it is, which is `head` or newer; None: it has been deleted since. Raises DatabaseUnavailable.

        `head`: the smelt without its parts, as it was just read in the role of who asks.
        """
        kept = self._find(head)
        if kept is None:
            with self._alone(head.id):
                kept = self._find(head) or self._make(head.id)
        if kept is not None and kept.places_are_old:
            with self._alone(head.id):
                kept = self._look_at_places(kept)
        return None if kept is None else kept.view

    def _find(self, head: Smelt) -> "_Kept | None":
        with self._lock:
            kept = self._kept.get(head.id)
            if kept is None or not kept.shows(head):
                return None
            self._kept.move_to_end(head.id)
            return kept

    def _make(self, smelt_id: UUID) -> "_Kept | None":
        begun = time.monotonic()
        with self._lock:
            before = self._kept.get(smelt_id)
        with self._database.service() as conn:
            head = get_head(conn, smelt_id)
            smelt = None if head is None else with_holds(conn, with_parts(conn, head))
            places = {} if smelt is None or smelt.status.terminal else find_queue_positions(conn, [smelt_id])
        if smelt is None:
            self._forget(smelt_id)
            return None
        view = View.of(smelt, places, before.view if before else None)
        return self._keep(_Kept(view, begun, begun, time.monotonic() - begun))

    def _look_at_places(self, kept: "_Kept") -> "_Kept | None":
        """Once for all who wait for it. Anew from the start where the files that wait are others by now."""
        with self._lock:
            latest = self._kept.get(kept.view.smelt_id)
        if latest is not None and not latest.places_are_old:
            return latest
        begun = time.monotonic()
        with self._database.service() as conn:
            places = find_queue_positions(conn, [kept.view.smelt_id])
        if places.keys() != kept.view.places.keys():
            return self._make(kept.view.smelt_id)
        return self._keep(_Kept(kept.view.moved(places), kept.made_at, begun, kept.took))

    def _keep(self, kept: "_Kept") -> "_Kept":
        size = kept.view.size
        with self._lock:
            self._drop(kept.view.smelt_id)
            self._kept[kept.view.smelt_id] = kept
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))
        return kept

    def _forget(self, smelt_id: UUID) -> None:
        with self._lock:
            self._drop(smelt_id)

    def _drop(self, smelt_id: UUID) -> None:
        """Under the lock."""
        kept = self._kept.pop(smelt_id, None)
        if kept is not None:
            self._bytes -= kept.view.size

    @contextmanager
    def _alone(self, smelt_id: UUID) -> Iterator[None]:
        """Nobody else reads this smelt meanwhile."""
        with self._lock:
            under_way = self._under_way.setdefault(smelt_id, _UnderWay())
            under_way.users += 1
        try:
            with under_way.lock:
                yield
        finally:
            with self._lock:
                under_way.users -= 1
                if under_way.users == 0:
                    del self._under_way[smelt_id]


@dataclass(frozen=True, slots=True)
class _Kept:
    """`made_at`, `places_at`: when reading it began, and its places, by the monotonic clock; `took`: seconds."""

    view: View
    made_at: float
    places_at: float
    took: float

    @property
    def places_are_old(self) -> bool:
        return self.view.waiting and time.monotonic() - self.places_at > PLACES_SECONDS

    def shows(self, head: Smelt) -> bool:
        if self.view.version > head.version:
            return True
        kept_for = max(KEPT_SECONDS, KEPT_TIMES * self.took)
        fresh = self.view.ended or time.monotonic() - self.made_at < kept_for
        return fresh and self.view.head == head


@dataclass(slots=True)
class _UnderWay:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
