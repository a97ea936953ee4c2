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

log = logging.getLogger("smelt.api")
_unfinished: set["asyncio.Future[None]"] = set()


class NewContent:
    """The objects of one post, as a context manager: after an error they are removed, unless they are kept.

    `staged`: the account of its bytes. `kept`: the smelt exists, or may exist.
    """

    def __init__(self, store: ContentStore, staged: Staged) -> None:
        self.smelt_id: UUID = uuid7()
        self.key = new_content_key()
        self.staged = staged
        self.kept = False
        self._store = store
        self._touched = False  # whether anything of it may be in the store
        self._writer: ContentWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self.kept:
            await self._discard()

    async def writer(self, row_id: UUID) -> ContentWriter:
        """Of an input. One at a time: the last one has been closed or aborted before."""
        self._touched = True
        self._writer = await self._store.writer(ObjectName(self.smelt_id, row_id, Kind.INPUT), self.key)
        return self._writer

    def put(self, kind: Kind, text: str) -> None:
        """What belongs to the smelt as a whole. Blocks."""
        self._touched = True
        self._store.put(ObjectName(self.smelt_id, self.smelt_id, kind), self.key, text.encode())

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
