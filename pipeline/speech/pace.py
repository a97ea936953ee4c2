"""How fast a speech process is, and whose its seconds are: with n recordings under way each has the n-th of a second.

So neither does a recording look slow because others share its process, nor is that charged to its tenant.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MEMORY = 0.9  # of its pace, from one recording to the next


class Pace:
    """For several threads. `clock`: the wall's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._seen = clock()
        self._shared = 0.0  # seconds that each recording has had
        self._heard = self._worked = 0.0  # seconds of recordings and of work on them, lately

    @property
    def seconds_per_second(self) -> float:
        """Of recordings that are done, in one of work; 1 before the first."""
        return self._heard / self._worked if self._worked else 1.0

    def now(self) -> float:
        """Seconds of the process that each recording under way has had; with none it runs as the wall's clock."""
        with self._lock:
            return self._advanced()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """One more is under way in the block."""
        self._note(1)
        try:
            yield
        finally:
            self._note(-1)

    def note(self, heard: float, worked: float) -> None:
        """A recording of `heard` seconds was done in `worked` seconds of its own."""
        with self._lock:
            self._heard = MEMORY * self._heard + heard
            self._worked = MEMORY * self._worked + worked

    def _note(self, more: int) -> None:
        with self._lock:
            self._advanced()
            self._under_way += more

    def _advanced(self) -> float:
        seen, self._seen = self._seen, self._clock()
        self._shared += (self._seen - seen) / max(1, self._under_way)
        return self._shared
