"""What the hub reads of Postgres, in a few threads of its own: followers must not take those of the requests."""

from collections.abc import Callable, Collection
from typing import TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from api.smelts.view import View
from api.smelts.views import Views
from db.accounts.api_tokens import find_live_tokens
from db.session import Database
from db.smelts.reads import find_queue_positions, find_unfinished, get_head, get_versions

T = TypeVar("T")

READERS = 3  # threads, and so connections to Postgres
SMALL = 100  # parts that are compared faster than a thread is found


class Reader:
    """Smelts go by the text of their ids. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, views: Views) -> None:
        self._database = database
        self._views = views
        self._threads = CapacityLimiter(READERS)

    async def view(self, name: str) -> View | None:
        """None: the smelt is deleted."""

        def read() -> View | None:
            with self._database.service() as conn:
                head = get_head(conn, UUID(name))
            return None if head is None else self._views.get(head)

        return await self._ask(read)

    async def versions(self, names: Collection[str]) -> dict[str, int]:
        """Without those that are deleted."""

        def read() -> dict[str, int]:
            with self._database.service() as conn:
                found = get_versions(conn, [UUID(name) for name in names])
            return {str(smelt_id): version for smelt_id, version in found.items()}

        return await self._ask(read)

    async def unfinished(self, names: Collection[str]) -> set[str]:
        """Those that are there and haven't ended."""

        def read() -> set[str]:
            with self._database.service() as conn:
                return {str(smelt_id) for smelt_id in find_unfinished(conn, [UUID(name) for name in names])}

        return await self._ask(read)

    async def moved(self, views: Collection[View]) -> list[View]:
        """Those of the views in which places in the queue have changed, with the new ones."""

        def read() -> list[View]:
            with self._database.service() as conn:
                places = find_queue_positions(conn, [view.smelt_id for view in views])
            moved = []
            for view in views:
                now = {file_id: places[file_id] for file_id in view.places if file_id in places}
                if any(view.places[file_id] != place for file_id, place in now.items()):
                    moved.append(view.moved(now))
            return moved

        return await self._ask(read)

    async def since(self, latest: View, before: View) -> bytes:
        """The events that lead from one view to the other."""
        if len(latest.parts) <= SMALL:
            return latest.since(before)
        return await self._ask(lambda: latest.since(before))

    async def live_tokens(self, hashes: Collection[bytes]) -> set[bytes]:
        """Those of the hashes whose machine token opens anything still."""

        def read() -> set[bytes]:
            with self._database.service() as conn:
                return find_live_tokens(conn, hashes)

        return await self._ask(read)

    async def _ask(self, read: Callable[[], T]) -> T:
        return await to_thread.run_sync(read, limiter=self._threads)
