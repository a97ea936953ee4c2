"""Writing one object while its content arrives: sealed at once, memory flat, nothing half-done left."""

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from pipeline.content.errors import ContentError
from pipeline.content.objects import Upload
from pipeline.content.sealing import Data, Sealer

SLICE_BYTES = 1024 * 1024  # sealed without a pause for the event loop: under a millisecond
FLUSH_BYTES = 256 * 1024  # held of every object under way: a crowd of slow uploads must not fill the memory

log = logging.getLogger(__name__)

# The event loop holds its tasks weakly; a clean-up must outlive the task that was canceled.
_clean_ups: set["asyncio.Task[None]"] = set()


class ContentWriter:
    """One object being written. As a context manager it closes at the end, and aborts on an error.

    If `write` or `close` raises, or is canceled, the writer has aborted. A step under way in the store is
    never cut off half-way: it ends by itself, then all that it stored is removed, even if the canceled task
    does not wait for it.
    """

    def __init__(self, sealer: Sealer, upload: Upload) -> None:
        self._sealer = sealer
        self._upload = upload
        self._ready = bytearray()
        self._step: asyncio.Task[None] | None = None
        self._ended = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self.abort()
        elif not self._ended:
            await self.close()

    async def write(self, data: Data) -> None:
        """Takes content of any length. Raises ContentUnavailable, ContentMissing (deleted meanwhile)."""
        self._refuse_if_ended()
        view = memoryview(data)
        for start in range(0, len(view), SLICE_BYTES):
            self._ready += self._sealer.update(view[start : start + SLICE_BYTES])
            if len(self._ready) >= FLUSH_BYTES:
                await self._flush()

    async def close(self) -> None:
        """Stores the object; once this returns it is whole and durable. Raises as `write` does."""
        self._refuse_if_ended()
        self._ready += self._sealer.finish()
        await self._flush()
        await self._run(self._upload.close())
        self._ended = True

    async def abort(self) -> None:
        """Gives the object up and removes what was written. Does nothing after a `close` or an `abort`.

        Never raises ContentError: what the store would not remove is logged, and left to the sweep of old
        content.
        """
        if self._ended:
            return
        self._ended = True
        task = asyncio.ensure_future(self._clean_up())
        _clean_ups.add(task)
        task.add_done_callback(_clean_ups.discard)
        await asyncio.shield(task)

    async def _flush(self) -> None:
        ready, self._ready = bytes(self._ready), bytearray()
        await self._run(self._upload.write(ready))

    async def _run(self, step: Coroutine[Any, Any, None]) -> None:
        self._step = asyncio.ensure_future(step)
        try:
            await asyncio.shield(self._step)
        except BaseException:
            await self.abort()
            raise

    async def _clean_up(self) -> None:
        try:
            if self._step is not None:
                await asyncio.gather(self._step, return_exceptions=True)
            await self._upload.abort()
        except ContentError:
            log.warning(
                "an upload was aborted, but the content store would not remove all of it", exc_info=True
            )

    def _refuse_if_ended(self) -> None:
        if self._ended:
            raise ValueError("this writer has ended")
