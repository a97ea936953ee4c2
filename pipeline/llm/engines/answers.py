"""Whether a server that gave no answer is away, or can't get over this very input.

An outage is waited out for as long as the content lives. An input that the server breaks down on, or never comes to
an end with, would be sent for as long, so it counts as a failure wherever others were answered meanwhile.
"""

import threading
import time
from collections import OrderedDict

from pipeline.circuit_breaker import CircuitBreaker
from pipeline.errors import WorkError
from pipeline.states import ErrorCode, WaitingFor

MOST = 10_000  # inputs that are remembered
BETWEEN_QUESTIONS = 10.0  # seconds


class Answers:
    """When a server last answered, and which inputs it left without an answer. Thread-safe.

    `circuit`: around each input's calls, so that a server that is away is left alone.
    """

    def __init__(self) -> None:
        self.circuit = CircuitBreaker(WaitingFor.LANGUAGE_MODEL, _away)
        self._last = float("-inf")  # when the latest call was made that it has answered
        self._asked = float("-inf")
        self._left: OrderedDict[bytes, float] = OrderedDict()  # input → when it last had no answer
        self._lock = threading.Lock()

    def note(self, made: float) -> None:
        """It has answered a call that was made then. One from before an outage may be answered in the middle of it."""
        with self._lock:
            self._last = max(self._last, made)
        self.circuit.note_answer(made)

    @property
    def doubtful(self) -> bool:
        """Whether any input is remembered."""
        return bool(self._left)

    def forget(self, source: bytes) -> None:
        """The input has had its answer."""
        with self._lock:
            self._left.pop(source, None)

    def is_outage(self, source: bytes) -> bool:
        """Of a call for the input `source` that had no answer just now.

        The first time it is one, whatever was answered a moment ago: that is how an outage begins. From then on it is
        one as long as no call made since has had an answer.
        """
        with self._lock:
            before = self._left.pop(source, None)
            self._left[source] = time.monotonic()
            while len(self._left) > MOST:
                self._left.popitem(last=False)
            return before is None or self._last < before

    def unsure(self, source: bytes) -> bool:
        """Whether to ask the server something harmless: this input had no answer before, and nobody has since."""
        with self._lock:
            before, now = self._left.get(source), time.monotonic()
            if before is None or self._last > before or now - self._asked < BETWEEN_QUESTIONS:
                return False
            self._asked = now
            return True


def _away(seconds: float) -> WorkError:
    return WorkError(
        ErrorCode.API_UNAVAILABLE,
        retryable=True,
        retry_after=seconds,
        waiting_for=WaitingFor.LANGUAGE_MODEL,
    )
