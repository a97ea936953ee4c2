"""Replies that are lost after the engine has done what was asked: Postgres's to commits, Redis's to fetches."""

import hashlib
import random
from collections import Counter
from collections.abc import Mapping

from tests.faults.chaos.wire import PostgresClient, RedisClient
from workers.notifications.waiting import TAKE

FETCH = "fetch"
FETCHING = hashlib.sha1(TAKE.encode(), usedforsecurity=False).hexdigest().encode()  # as Redis names a script
LOOK = "look"
# What a transaction does, told by a statement in it: the first line that fits.
COMMITS: Mapping[str, str] = {
    "admission": "insert into smelts ",
    "settlement": "smelt_meta.finish_",
    "rescue": "lease_until < now() for update",
    "claim": "set status = 'processing'",
    "begin": "version = version + 1, updated_at = now(), status = case",
    "finish": "updated_at = now(), status = 'completed'",
    "put back": "updated_at = now(), status = 'waiting'",
    "promotion": "set status = 'pending', run_at = null",
    "reset": "set credits_remaining = weekly_credits_max",
    "schedules": "insert into schedule_runs",
}


class Losses:
    """Which replies to lose: the first of every kind, then a share of them, until there were `most`.

    `shares`: by kind; DEFAULT for those not named.
    """

    DEFAULT = 0.2

    def __init__(self, seed: int, most: int, shares: Mapping[str, float]) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._most = most
        self._shares = shares
        self.made: Counter[str] = Counter()

    @property
    def enough(self) -> bool:
        return self.made.total() >= self._most

    def lose(self, kind: str) -> bool:
        if self.enough and self.made[kind]:
            return False
        if self.made[kind] and self._chance.random() >= self._shares.get(kind, self.DEFAULT):
            return False
        self.made[kind] += 1
        return True


class CommitEar:
    """Implements Ear for a connection to Postgres: loses replies to COMMIT, once it has taken place."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._client = PostgresClient()
        self._kind = LOOK
        self._committing = False

    def sent(self, data: bytes) -> None:
        for sql in self._client.read(data):
            words = " ".join(sql.split())
            if words.upper().startswith("BEGIN"):
                self._kind = LOOK
            elif words.upper() == "COMMIT":
                self._committing = True
            else:
                self._note(words)

    def answered(self, data: bytes) -> bool:
        committed = self._committing and b"COMMIT\0" in data
        self._committing = False
        return committed and self._losses.lose(self._kind)

    def _note(self, sql: str) -> None:
        kinds = list(COMMITS)
        for kind in kinds[: kinds.index(self._kind)] if self._kind in COMMITS else kinds:
            if COMMITS[kind] in sql:
                self._kind = kind
                return


class FetchEar:
    """Implements Ear for a connection to Redis: loses what a consumer takes, once it is out of the queue."""

    NOTHING = b"*0\r\n"

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._client = RedisClient()
        self._fetching = False

    def sent(self, data: bytes) -> None:
        for words in self._client.read(data):
            self._fetching = words[:2] == [b"EVALSHA", FETCHING]

    def answered(self, data: bytes) -> bool:
        fetched = self._fetching and data.startswith(b"*") and data != self.NOTHING
        self._fetching = False
        return fetched and self._losses.lose(FETCH)
