"""Those who wait for a smelt's end and want nothing else of it: no view is made for them, and no thread waits.

One look at Postgres serves all who wait: at the smelts that the hub has heard of, and once a second at all of them.
"""

import asyncio
import logging

from api.events.announcements import Announcements
from api.events.reader import Reader
from db.session import DatabaseUnavailable

log = logging.getLogger("smelt.api")

PAUSE = 0.02  # seconds between two looks, at least


class Endings:
    """Used by the hub, in its event loop. Smelts go by the text of their ids."""

    def __init__(self, reader: Reader, announcements: Announcements) -> None:
        self._reader = reader
        self._announcements = announcements
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._doubted: set[str] = set()
        self._doubt = asyncio.Event()

    async def of(self, name: str) -> None:
        """Returns once the smelt has ended, or is no more. Goes on while the database is out of reach."""
        ended = asyncio.Event()
        self._waiting.setdefault(name, set()).add(ended)
        self._announcements.want(name)  # and so it is doubted: what was announced before is no news any more
        try:
            await ended.wait()
        finally:
            self._announcements.leave(name)
            self._waiting[name].discard(ended)
            if not self._waiting[name]:
                del self._waiting[name]

    def doubt(self, name: str) -> None:
        """The smelt may have ended. Costs nothing where nobody waits for it."""
        if name in self._waiting:
            self._doubted.add(name)
            self._doubt.set()

    def doubt_all(self) -> None:
        for name in self._waiting:
            self.doubt(name)

    async def look_on(self) -> None:
        """Looks at what is doubted: one look at a time, and the longer it takes the more seldom. Never returns."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._doubt.wait()
            begun = clock()
            try:
                await self._look()
            except DatabaseUnavailable as error:  # all are doubted again within a second
                log.warning("can't see which smelts have ended: %s", error)
            await asyncio.sleep(max(PAUSE, clock() - begun))

    async def _look(self) -> None:
        self._doubt.clear()
        doubted, self._doubted = self._doubted, set()
        # Who comes meanwhile is in the next look: the smelt may have been taken back to work since.
        asked = {name: tuple(self._waiting.get(name, ())) for name in doubted}
        unfinished = await self._reader.unfinished(doubted)
        for name in doubted - unfinished:
            for ended in asked[name]:
                ended.set()
