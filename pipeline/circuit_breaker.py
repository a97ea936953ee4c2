"""Keeps those who would call a server that is away from calling it, but for one a pause.

    closed ──several calls in a row find it away──▶ open ──a call made since has an answer──▶ closed
                                                    │  ▲
                              one caller a pause ───┘  └── finds it away: the next pause is twice as long

A `Circuit` (`pipeline/circuit.py`) asks by itself whether its server is there. Whether a store stores and a model
answers is known by real calls alone, so here it is one of the callers who tries.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import GiveBack, WorkError
from pipeline.metrics.servers import calls_put_off, circuits_open
from pipeline.states import WaitingFor

FAILURES = 3  # calls in a row that find the server away: one alone may be a blip
FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 15.0  # so long after its return may the server be thought away

log = logging.getLogger(__name__)


class CircuitBreaker:
    """Of one server, for this process. Thread-safe. `refusal`: what callers get instead, from the seconds until one of
    them may try again; its `waiting_for` is the server.
    """

    def __init__(
        self,
        server: WaitingFor,
        refusal: Callable[[float], WorkError],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._refusal = refusal
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None
        self._pause = FIRST_PAUSE
        self._next = 0.0  # when the next caller may try
        self._is_open, self._put_off = circuits_open.labels(server), calls_put_off.labels(server)

    @property
    def open(self) -> bool:
        return self._opened is not None

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around a call. Raises the refusal while the circuit is open.

        What the call raises says whether the server is away (`waiting_for`), or there; what isn't a WorkError, or is
        the worker's own matter, says nothing.
        """
        made = self._enter()
        try:
            yield
        except GiveBack:
            raise
        except WorkError as error:
            if error.waiting_for is self._server:
                self._note_away(made)
            else:
                self.note_answer(made)
            raise
        self.note_answer(made)

    def note_answer(self, made: float) -> None:
        """The server has answered a call that was made then (monotonic). One of before an outage may be answered in
        the middle of it.
        """
        if self._opened is None and not self._failures:
            return
        with self._lock:
            self._failures = 0
            if self._opened is None or made < self._opened:
                return
            self._opened = None
        self._is_open.dec()
        log.info("the %s answers again", self._server)

    def _enter(self) -> float:
        now = self._clock()
        if self._opened is None:
            return now
        with self._lock:
            if self._opened is None:
                return now
            if now < self._next:
                self._put_off.inc()
                raise self._refusal(self._next - now)
            self._next = now + self._pause
        return now

    def _note_away(self, made: float) -> None:
        with self._lock:
            opening = self._opened is None
            if opening:
                self._failures += 1
                if self._failures < FAILURES:
                    return
                self._opened, self._pause = self._clock(), FIRST_PAUSE
            elif made < (self._opened or 0.0):
                return  # one of those that were under way when it opened
            else:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._next = self._clock() + self._pause
        if opening:
            self._is_open.inc()
            log.warning("the %s is away: one call at a time tries it", self._server)
