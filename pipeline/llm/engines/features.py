"""What a call to a language model may be made without, where its server refuses it.

A call is asked again without what the refusal names (`openai_features.py`). Once one was answered without it, later
calls leave it out from the start.
"""

import threading
from enum import Enum, auto


class Feature(Enum):
    COUNTS = (
        auto()
    )  # `stream_options`: without it tokens are estimated, unless the server counts them unasked
    SYSTEM_ROLE = auto()  # without it the rules stand at the beginning of the user's message
    STREAM = auto()  # without it nothing is seen of an answer until it is complete


class Features:
    """Which features one model of one server is asked without. Thread-safe."""

    def __init__(self) -> None:
        self._refused: frozenset[Feature] = frozenset()
        self._lock = threading.Lock()

    @property
    def refused(self) -> frozenset[Feature]:
        return self._refused

    def remember(self, without: frozenset[Feature]) -> None:
        """A call was answered without these, after they had been refused."""
        with self._lock:
            self._refused |= without
