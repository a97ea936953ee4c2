"""What the hub reads of Postgres, in a few threads of its own: followers must not take those of the requests."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from api.view import View
from db.api_tokens import find_live_tokens
from db.session import Database
from db.smelts import find_queue_positions, get_smelt, get_versions

T = TypeVar("T")

READERS = 3  # threads, and so connections to Postgres


class Reader:
    """Smelts go by the text of their ids. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._threads = CapacityLimiter(READERS)

    async def view(self, name: str) -> View | None:
        """None: the smelt is deleted."""

        def read() -> View | None:
            with self._database.service() as conn:
                smelt = get_smelt(conn, UUID(name))
                return None if smelt is None else View.of(smelt, find_queue_positions(conn, [smelt.id]))

        return await self._ask(read)

    async def versions(self, names: Collection[str]) -> dict[str, int]:
        """Without those that are deleted."""

        def read() -> dict[str, int]:
            with self._database.service() as conn:
                found = get_versions(conn, [UUID(name) for name in names])
            return {str(smelt_id): version for smelt_id, version in found.items()}

        return await self._ask(read)

    async def places(self, names: Collection[str]) -> Mapping[UUID, int]:
        """Places in the queue, by file."""

        def read() -> dict[UUID, int]:
            with self._database.service() as conn:
                return find_queue_positions(conn, [UUID(name) for name in names])

        return await self._ask(read)

    async def live_tokens(self, hashes: Collection[bytes]) -> set[bytes]:
        """Those of the hashes whose machine token opens anything still."""

        def read() -> set[bytes]:
            with self._database.service() as conn:
                return find_live_tokens(conn, hashes)

        return await self._ask(read)

    async def _ask(self, read: Callable[[], T]) -> T:
        return await to_thread.run_sync(read, limiter=self._threads)
