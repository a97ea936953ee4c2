"""Everyone who follows a smelt through this process, or waits for its end: one subscription, one read for all.

Postgres decides, Redis only notifies here as well. A commit that changes a smelt is announced on the smelt's channel;
and once a second the versions of all followed smelts are looked up in one query, and which of the awaited have ended in
another. So without Redis a change is seen a second later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from api.events.announcements import Announcements
from api.events.endings import Endings
from api.events.follower import Follower
from api.events.machine_tokens import MachineTokens
from api.events.reader import Reader
from api.events.segments import Segments, Telling, segment_events
from api.events.tasks import Tasks
from api.events.watch import Watch
from api.http.pieces import pieces
from api.smelts.view import View
from api.smelts.views import Views
from db.session import Database, DatabaseUnavailable

log = logging.getLogger("smelt.api")

LOOK_SECONDS = 1.0  # between two looks at all that are followed or waited for
SLOW_LOOKS = 2  # every so many looks, places in the queue and machine tokens too
PAUSE = 0.1  # seconds from a read that found something new to the next of the same smelt, at least
# Neither is ended by an empty line: some clients take whatever is before one for an event.
RETRY = b"retry: 2000\n"  # milliseconds after which a browser connects again
HEARTBEAT = b":\n"
NOBODY = Follower(None, None, None)  # whose right isn't looked at here


class Hub:
    """Made anywhere, used in one event loop, and only while `running`. `heartbeat`: seconds of silence, at most."""

    def __init__(
        self,
        database: Database,
        views: Views,
        segments: Segments,
        redis_url: str,
        namespace: str,
        *,
        heartbeat: float,
    ) -> None:
        self._reader = Reader(database, views)
        self._segments = segments
        self._announcements = Announcements(redis_url, namespace, self._doubt)
        self._endings = Endings(self._reader, self._announcements)
        self._tokens = MachineTokens(self._reader)
        self._heartbeat = heartbeat
        self._watches: dict[str, Watch] = {}
        self._tasks = Tasks()
        self._closing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._tasks.running():
            self._tasks.start_for_ever(self._announcements.listen)
            self._tasks.start_for_ever(self._endings.look_on)
            self._tasks.start_for_ever(self._look_on)
            yield

    def close(self) -> None:
        """Ends every stream: the process is about to stop, and clients will find another."""
        self._closing = True
        self._tasks.close()
        self._tell_all()

    async def end_of(self, smelt_id: UUID) -> None:
        """Returns once the smelt has ended, or is no more. Goes on while Redis or the database is out of reach."""
        await self._endings.of(str(smelt_id))

    @asynccontextmanager
    async def watched(self, smelt_id: UUID) -> AsyncIterator[Watch | None]:
        """The smelt's views, for who makes something else of them. None: it is deleted, or can't be looked at."""
        try:
            view = await self._reader.view(str(smelt_id))
        except DatabaseUnavailable as error:
            log.warning("a smelt can't be watched: %s", error)
            view = None
        if view is None:
            yield None
            return
        watch = self._enter(NOBODY, view)
        try:
            yield watch
        finally:
            self._leave(NOBODY, view)

    def telling(self, since: int | None) -> Telling:
        """Of what is heard, to one follower. `since`: as of `follow`."""
        return Telling(self._segments, since)

    async def follow(
        self, follower: Follower, first: View, since: int | None = None
    ) -> AsyncIterator[bytes | memoryview]:
        """The stream: `first` as it was just read, then what changes, until the smelt or the token ends.

        `since`: the version that the client has seen, if it comes back. What was heard comes before the changes that
        have the version's id, and has the id before: so nothing of it is missed, wherever the stream breaks off.
        In pieces, of which a slow client holds one at a time: the events are the same bytes for all who get them.
        """
        watch = self._enter(follower, first)
        telling = self.telling(since)
        try:
            yield RETRY
            async for version, segments in telling.news(first):
                for piece in pieces(segment_events(version, segments)):
                    yield piece
            for piece in pieces(first.snapshot):
                yield piece
            seen = first
            while not seen.ended and watch.view is not None and self._may_go_on(follower):
                changed, latest = watch.changed, watch.view
                if latest is not seen and latest.version >= seen.version:
                    async for version, segments in telling.news(latest):
                        for piece in pieces(segment_events(version, segments)):
                            yield piece
                    news, seen = await self._reader.since(latest, seen), latest
                    for piece in pieces(news):
                        yield piece
                elif not await _happens(changed, min(self._heartbeat, follower.seconds_left)):
                    yield HEARTBEAT
        finally:
            self._leave(follower, first)

    def _may_go_on(self, follower: Follower) -> bool:
        return not self._closing and follower.seconds_left > 0 and not self._tokens.dead(follower)

    def _enter(self, follower: Follower, first: View) -> Watch:
        name = str(first.smelt_id)
        watch = self._watches.get(name)
        if watch is None:
            watch = self._watches[name] = Watch(first)
            self._announcements.want(name)  # and so it is read again: it may have changed since it was
        elif watch.view is not None and watch.view.version < first.version:
            watch.show(first)
        watch.followers += 1
        self._tokens.enter(follower)
        return watch

    def _leave(self, follower: Follower, first: View) -> None:
        name = str(first.smelt_id)
        watch = self._watches[name]
        watch.followers -= 1
        if watch.followers == 0:
            del self._watches[name]
            self._announcements.leave(name)
        self._tokens.leave(follower)

    async def _look_on(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            self._endings.doubt_all()
            try:
                await self._look_at_versions()
                if looks % SLOW_LOOKS == 0:
                    await self._look_at_places()
                    if await self._tokens.look():
                        self._tell_all()
            except DatabaseUnavailable as error:
                log.warning("followed smelts: the database is out of reach: %s", error)

    async def _look_at_versions(self) -> None:
        watches = dict(self._watches)
        if not watches:
            return
        versions = await self._reader.versions(list(watches))
        for name, watch in watches.items():
            version = versions.get(name)
            if version is None:
                watch.show(None)
            elif watch.view is not None and version > watch.view.version:
                self._doubt(name)

    async def _look_at_places(self) -> None:
        """A place in the queue changes without the smelt's doing."""
        waiting = [watch.view for watch in self._watches.values() if watch.view and watch.view.waiting]
        if not waiting:
            return
        before = {view.smelt_id: view for view in waiting}
        for view in await self._reader.moved(waiting):
            watch = self._watches.get(str(view.smelt_id))
            if watch is not None and watch.view is before[view.smelt_id]:  # else it was read again meanwhile
                watch.show(view)

    def _doubt(self, name: str) -> None:
        """Something of the smelt may have changed: looks, if anyone here waits for its end or follows it."""
        self._endings.doubt(name)
        watch = self._watches.get(name)
        if watch is None:
            return
        watch.doubted = True
        if not watch.reading:
            watch.reading = True
            self._tasks.start(self._read_again(name, watch))

    async def _read_again(self, name: str, watch: Watch) -> None:
        """Until no doubt is left, and the longer a read takes the more seldom."""
        clock = asyncio.get_running_loop().time
        try:
            while watch.doubted and watch.followers:
                watch.doubted, begun = False, clock()
                try:
                    view = await self._reader.view(name)
                except DatabaseUnavailable:
                    return  # the next look at the versions finds it out of date still
                is_new = view is None or watch.view is None or view.version != watch.view.version
                watch.show(view)
                # What was doubted for nothing, as whatever is followed anew, may change in the next moment.
                await asyncio.sleep(max(PAUSE if is_new else 0.0, 4 * (clock() - begun)))
        finally:
            watch.reading = False

    def _tell_all(self) -> None:
        for watch in self._watches.values():
            watch.tell()


async def _happens(event: asyncio.Event, within: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), max(within, 0.0))
    except TimeoutError:
        return False
    return True
