"""The threads of this process that look for work because they were notified, by queue."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from workers.notifications.queues import Queue


class Lookers:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looking: Counter[Queue] = Counter()

    @contextmanager
    def looking(self, queue: Queue) -> Iterator[None]:
        with self._lock:
            self._looking[queue] += 1
        try:
            yield
        finally:
            with self._lock:
                self._looking[queue] -= 1

    def any(self, queue: Queue) -> bool:
        """Whether one is about to see for itself what is ready."""
        return self._looking[queue] > 0
