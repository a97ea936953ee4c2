"""What this process knows of the tokens that it has seen lately.

Whose a machine token is: so that a request is counted for its user before Postgres is asked. What a sign-in token says:
so that its signature is computed once, not for each request. Neither ever changes; whether the token still opens
anything is looked at each time.
"""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

MOST_TOKENS = 50_000  # remembered; of machine tokens 12 MB

V = TypeVar("V")


class RecentTokens(Generic[V]):
    """By their hashes. Thread-safe; forgets the tokens that were used longest ago. Only tokens that were found good
    belong here.
    """

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._most = most
        self._known: OrderedDict[bytes, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, token_hash: bytes) -> V | None:
        with self._lock:
            known = self._known.get(token_hash)
            if known is not None:
                self._known.move_to_end(token_hash)
            return known

    def put(self, token_hash: bytes, known: V) -> None:
        with self._lock:
            self._known[token_hash] = known
            self._known.move_to_end(token_hash)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def forget(self, token_hash: bytes) -> None:
        """Of a token that was refused: else whoever holds it could go on using up the user's rate."""
        with self._lock:
            self._known.pop(token_hash, None)
