"""Whose machine tokens this process has seen: so that a request is counted for its user before Postgres is asked.

A token's owner never changes. Whether the token still opens anything isn't remembered: that is looked up each time.
"""

import threading
from collections import OrderedDict
from uuid import UUID

MOST_TOKENS = 50_000  # remembered; about 15 MB


class TokenOwners:
    """Thread-safe; forgets the tokens that were used longest ago. Only tokens that were found belong here."""

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._most = most
        self._owners: OrderedDict[bytes, UUID] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, token_hash: bytes) -> UUID | None:
        with self._lock:
            owner = self._owners.get(token_hash)
            if owner is not None:
                self._owners.move_to_end(token_hash)
            return owner

    def put(self, token_hash: bytes, owner: UUID) -> None:
        with self._lock:
            self._owners[token_hash] = owner
            self._owners.move_to_end(token_hash)
            if len(self._owners) > self._most:
                self._owners.popitem(last=False)

    def forget(self, token_hash: bytes) -> None:
        """Of a token that was refused: else whoever holds it could go on using up the user's rate."""
        with self._lock:
            self._owners.pop(token_hash, None)
