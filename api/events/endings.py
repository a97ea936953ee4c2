"""Waiting for smelts to end without a thread for each who waits: one look at the database serves all."""

import asyncio
import logging
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from db.session import Database, DatabaseUnavailable
from db.smelts.endings import find_unfinished

log = logging.getLogger("smelt.api")

LOOK_SECONDS = 0.15


class Endings:
    """Used by one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[asyncio.Event, UUID] = {}
        self._looking: asyncio.Task[None] | None = None

    async def of(self, smelt_id: UUID) -> None:
        """Returns once the smelt has ended, or is no more. Goes on while the database is out of reach."""
        ended = asyncio.Event()
        self._waiting[ended] = smelt_id
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await self._first(ended, self._looking)
        finally:
            del self._waiting[ended]

    async def _first(self, ended: asyncio.Event, looking: "asyncio.Task[None]") -> None:
        """Raises what ended the looking, if that comes first."""
        waiting = asyncio.create_task(ended.wait())
        try:
            await asyncio.wait({waiting, looking}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.is_set():
                looking.result()
        finally:
            waiting.cancel()

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(LOOK_SECONDS)
            asked = dict(self._waiting)  # who comes meanwhile is in the next look
            try:
                unfinished = await run_in_threadpool(self._unfinished, list(set(asked.values())))
            except DatabaseUnavailable as error:
                log.warning("can't see which smelts have ended: %s", error)
                continue
            for ended, smelt_id in asked.items():
                if smelt_id not in unfinished:
                    ended.set()

    def _unfinished(self, ids: list[UUID]) -> set[UUID]:
        with self._database.service() as conn:
            return find_unfinished(conn, ids)
