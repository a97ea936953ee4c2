"""Bytes of posts that aren't admitted yet: bounded for each caller and in all, and by the room in the content store.

Without bounds one caller's unfinished posts could fill the store. Each API process counts its own, so a deployment of
several allows as many times the sums; the free space that the store must keep holds for all together.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.concurrency import run_in_threadpool

from api.errors import ApiError, Code
from pipeline.content.store import ContentStore

RETRY_SECONDS = 5.0
LOOK_SECONDS = 1.0  # how long a look at the free space is believed; what is staged meanwhile is taken off

CALLER_FULL = (
    "Your posts under way have as many bytes as they may have together: come again when one has ended."
)
ALL_FULL = "All posts under way have as many bytes as they may have together: come again later."
NO_ROOM = "The content store has no room for more at the moment."


class Room:
    """How much may still be stored before the store's free space falls to `floor` bytes; None: the store's default."""

    def __init__(self, content: ContentStore, floor: int | None) -> None:
        self._content = content
        self._floor = floor
        self._left: float = 0
        self._looked = float("-inf")
        self._look = asyncio.Lock()

    async def take(self, size: int) -> None:
        """Raises ApiError `busy`; ContentUnavailable if the store doesn't answer."""
        if self._is_old(size):
            async with self._look:
                if self._is_old(size):
                    self._left = await run_in_threadpool(self._content.room, self._floor)
                    self._looked = time.monotonic()
        if self._left < size:
            raise busy(NO_ROOM)
        self._left -= size

    def _is_old(self, size: int) -> bool:
        return time.monotonic() - self._looked > LOOK_SECONDS or self._left < size


class Staging:
    """`per_caller`, `in_all`: bytes. Used by one event loop."""

    def __init__(self, content: ContentStore, *, per_caller: int, in_all: int, floor: int | None) -> None:
        self._per_caller = per_caller
        self._in_all = in_all
        self._room = Room(content, floor)
        self._of: dict[str, int] = {}
        self._all = 0

    @contextmanager
    def post(self, tenant: str, largest: int) -> "Iterator[Staged]":
        """Of one post, until it has been admitted or what it stored has been deleted.

        `largest`: bytes of the largest post of the tenant's tier; so many a caller may always stage.
        """
        staged = Staged(self, tenant, max(self._per_caller, largest))
        try:
            yield staged
        finally:
            self._give_back(tenant, staged.size)

    def by(self, tenant: str) -> int:
        """Bytes that this tenant's posts under way have brought so far."""
        return self._of.get(tenant, 0)

    async def take(self, tenant: str, size: int, most: int) -> None:
        """Raises as `Room.take` does; then nothing is counted."""
        if self.by(tenant) + size > most:
            raise busy(CALLER_FULL)
        if self._all + size > self._in_all:
            raise busy(ALL_FULL)
        self._of[tenant] = self.by(tenant) + size
        self._all += size
        try:
            await self._room.take(size)
        except BaseException:
            self._give_back(tenant, size)
            raise

    def _give_back(self, tenant: str, size: int) -> None:
        self._all -= size
        left = self.by(tenant) - size
        if left > 0:
            self._of[tenant] = left
        else:
            self._of.pop(tenant, None)


class Staged:
    """The bytes of one post."""

    def __init__(self, staging: Staging, tenant: str, most: int) -> None:
        self.size = 0
        self._staging = staging
        self._tenant = tenant
        self._most = most

    async def add(self, size: int) -> None:
        """So many more are about to be stored. Raises ApiError `busy`; ContentUnavailable."""
        await self._staging.take(self._tenant, size, self._most)
        self.size += size


def busy(detail: str) -> ApiError:
    return ApiError(Code.BUSY, detail, retry_after=RETRY_SECONDS)
