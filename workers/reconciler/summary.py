"""What the reconciler's rounds did, said once a minute: whoever reads its log sees that it is at work, and how fast."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds


class Summary:
    """Of one loop. The first round is told at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = clock()
        self._rounds = 0
        self._longest = 0.0
        self._done = Counter[str]()

    def add(self, done: Mapping[str, int], seconds: float) -> None:
        """A round: how many things each step did, and how long all of them took."""
        self._rounds += 1
        self._longest = max(self._longest, seconds)
        self._done.update(done)
        if self._clock() < self._due:
            return
        fields = {"rounds": self._rounds, "longest_seconds": round(self._longest, 3), **self._done}
        log.info("rounds done", extra=fields)
        self._due = self._clock() + EVERY
        self._rounds, self._longest = 0, 0.0
        self._done = Counter(dict.fromkeys(self._done, 0))
