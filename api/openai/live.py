"""The text of a recording as it is heard, for a request that waits for its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from api.events.hub import Hub
from api.events.segments import Telling
from api.events.watch import Watch


class Live:
    """`told`: how many segments have been given."""

    def __init__(self, watch: Watch | None, telling: Telling) -> None:
        self._watch = watch
        self._telling = telling
        self._never = asyncio.Event()
        self.told = 0

    def changed(self) -> asyncio.Event:
        """Set when there may be more."""
        return self._never if self._watch is None else self._watch.changed

    async def texts(self) -> list[str]:
        """Of the segments that have come since."""
        view = None if self._watch is None else self._watch.view
        if view is None:
            return []
        texts = []
        async for _, segments in self._telling.news(view):
            for segment in segments:
                if segment.index == self.told:
                    texts.append(segment.text)
                    self.told += 1
        return texts


@asynccontextmanager
async def live(hub: Hub, smelt_id: UUID) -> AsyncIterator[Live]:
    async with hub.watched(smelt_id) as watch:
        yield Live(watch, hub.telling(None))
