"""What a post stores before its smelt is taken in: until then, whatever ends the post removes it again."""

import asyncio
import logging
from types import TracebackType
from typing import Self
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from uuid_utils.compat import uuid7

from api.smelts.staging import Staged
from pipeline.content.errors import ContentError
from pipeline.content.keyring import new_content_key
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.content.writer import ContentWriter

SMALL_BYTES = 64_000  # an input of no more is stored with others
HELD_BYTES = 1_000_000  # of a post's small inputs, which then are stored

log = logging.getLogger("smelt.api")
_unfinished: set["asyncio.Future[None]"] = set()


class NewContent:
    """The objects of one post, as a context manager: after an error they are removed, unless they are kept.

    `staged`: the account of its bytes. `kept`: the smelt exists, or may exist. Small ones are held and stored together:
    all of them are stored once `store` returns.
    """

    def __init__(self, store: ContentStore, staged: Staged) -> None:
        self.smelt_id: UUID = uuid7()
        self.key = new_content_key()
        self.staged = staged
        self.kept = False
        self._store = store
        self._touched = False  # whether anything of it may be in the store
        self._held: list[tuple[ObjectName, bytes]] = []
        self._held_bytes = 0
        self._writer: ContentWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self.kept:
            await self._discard()

    def input(self, row_id: UUID) -> "NewInput":
        """One at a time: the last one has been closed or aborted before."""
        return NewInput(self, row_id)

    async def writer(self, row_id: UUID) -> ContentWriter:
        """Of a large input."""
        self._touched = True
        self._writer = await self._store.writer(self._name(row_id), self.key)
        return self._writer

    async def hold(self, row_id: UUID, data: bytes) -> None:
        """A small input. Raises ContentError."""
        self._held.append((self._name(row_id), data))
        self._held_bytes += len(data)
        if self._held_bytes >= HELD_BYTES:
            await run_in_threadpool(self.store)

    def put(self, kind: Kind, text: str) -> None:
        """What belongs to the smelt as a whole, held too."""
        self._held.append((ObjectName(self.smelt_id, self.smelt_id, kind), text.encode()))

    def store(self) -> None:
        """What is held. Blocks. Raises ContentError."""
        held, self._held, self._held_bytes = self._held, [], 0
        if held:
            self._touched = True
            self._store.put_all(held, self.key)

    def _name(self, row_id: UUID) -> ObjectName:
        return ObjectName(self.smelt_id, row_id, Kind.INPUT)

    async def _discard(self) -> None:
        """To its end, also when the request's task is being canceled."""
        work = asyncio.ensure_future(self._remove())
        _unfinished.add(work)
        work.add_done_callback(_unfinished.discard)
        await asyncio.shield(work)

    async def _remove(self) -> None:
        try:
            if self._writer is not None:
                await self._writer.abort()
            if self._touched:
                await run_in_threadpool(self._store.delete_smelt, self.smelt_id)
        except ContentError as error:
            log.warning("refused content is left to the sweep of orphans: %s", error.code)


class NewInput:
    """One input, whose size isn't known: held while it is small, written as it arrives once it isn't.

    All methods raise ContentError.
    """

    def __init__(self, content: NewContent, row_id: UUID) -> None:
        self._content = content
        self._row_id = row_id
        self._held = bytearray()
        self._writer: ContentWriter | None = None

    async def write(self, data: bytes) -> None:
        if self._writer is None:
            self._held += data
            if len(self._held) <= SMALL_BYTES:
                return
            self._writer = await self._content.writer(self._row_id)
            data, self._held = bytes(self._held), bytearray()
        await self._writer.write(data)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        else:
            await self._content.hold(self._row_id, bytes(self._held))

    async def abort(self) -> None:
        self._held.clear()
        if self._writer is not None:
            await self._writer.abort()
