"""The machine tokens of those who follow: whoever's is revoked follows no longer."""

from collections import Counter

from api.events.follower import Follower
from api.events.reader import Reader


class MachineTokens:
    """Each for as long as anybody follows by it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._followers: Counter[bytes] = Counter()
        self._dead: set[bytes] = set()

    def enter(self, follower: Follower) -> None:
        if follower.token_hash is not None:
            self._followers[follower.token_hash] += 1

    def leave(self, follower: Follower) -> None:
        if follower.token_hash is not None:
            self._followers[follower.token_hash] -= 1
            if not self._followers[follower.token_hash]:
                del self._followers[follower.token_hash]
                self._dead.discard(follower.token_hash)

    def dead(self, follower: Follower) -> bool:
        """Whether it was, at the last look."""
        return follower.token_hash in self._dead

    async def look(self) -> bool:
        """Whether any is dead that wasn't before. Raises DatabaseUnavailable."""
        hashes = list(self._followers)
        if not hashes:
            return False
        dead = set(hashes) - await self._reader.live_tokens(hashes)
        new = (dead & set(self._followers)) - self._dead
        self._dead |= new
        return bool(new)
