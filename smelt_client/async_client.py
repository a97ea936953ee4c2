"""The client for event loops. What each call asks, and how its reply is read: `smelt_client/calls.py`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, aclosing, suppress
from itertools import count
from types import TracebackType
from typing import Self, TypeVar, Unpack
from uuid import UUID

import anyio
import httpx2
from h11 import LocalProtocolError

from smelt_client import calls
from smelt_client.attempts import Outcome, looks, next_try
from smelt_client.calls import Call, Filters, TranscriptFormat
from smelt_client.connection import SERVER, authorize, checked, patience
from smelt_client.errors import Misused
from smelt_client.events import SILENCE, Event, Follower
from smelt_client.models import (
    AcceptedSmelt,
    DefaultPrompt,
    DeletionReceipt,
    ListedSmelt,
    SmeltReply,
    SpeakersReply,
    UsageReply,
)
from smelt_client.submission import CHANGED, Input, Options, Submission

T = TypeVar("T")


class AsyncSmelt:
    """The calls of `Smelt`, to be awaited, under asyncio or trio. Files are read in blocking pieces.

    `token` None: anonymous. Every method raises Refused and Unreachable (`smelt_client/errors.py`).
    """

    def __init__(
        self,
        server: str = SERVER,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        trust_env: bool = True,
    ) -> None:
        """`timeout`: seconds without a byte. `trust_env`: whether the environment's proxies are used.

        Raises Misused for what can't be an address, or a token.
        """
        with checked(server):
            self._http = httpx2.AsyncClient(base_url=server, timeout=patience(timeout), trust_env=trust_env)
            authorize(self._http.headers, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def submit(self, inputs: Sequence[Input], **options: Unpack[Options]) -> AcceptedSmelt:
        """Posts files, streamed from disk, and texts.

        A visitor's client holds the new smelt's token from then on. Raises Misused for a file that can't be read.
        """
        post = Submission(inputs, options)
        with ExitStack() as stack:
            parts = post.opened(stack)
            try:
                reply = await self._try(
                    lambda: self._http.post(calls.SMELTS, headers=post.headers, files=parts, data=post.fields)
                )
            except LocalProtocolError:  # httpx2 lets it through as it is
                raise Misused(CHANGED) from None
        accepted = calls.post().result(reply)
        authorize(self._http.headers, accepted.access_token)
        return accepted

    async def get(self, smelt_id: UUID) -> SmeltReply:
        return await self.do(calls.get(smelt_id))

    async def list(self, most: int = 20, **filters: Unpack[Filters]) -> AsyncIterator[ListedSmelt]:
        """The caller's own, newest first, as many pages as it takes."""
        cursor = None
        while most > 0:
            page = await self.do(calls.page(most, cursor, filters))
            for smelt in page.items:
                yield smelt
            most, cursor = most - len(page.items), page.next_cursor
            if cursor is None:
                return

    async def wait(self, smelt_id: UUID, within: float | None = None) -> SmeltReply:
        """The smelt once it has ended, however it did. Raises StillRunning after `within` seconds."""
        for pause in looks(within):
            smelt = await self.get(smelt_id)
            if smelt.ended:
                return smelt
            await anyio.sleep(pause)
        raise AssertionError("the looks end by an error")

    async def events(self, smelt_id: UUID) -> AsyncIterator[Event]:
        """What happens to it, as it happens; a snapshot first, `done` last."""
        follower = Follower(smelt_id)
        while not follower.done:
            async with aclosing(await self._open(follower.open())) as reply:
                follower.check(reply)
                with suppress(httpx2.RequestError):
                    async for sent in httpx2.EventSource(reply):
                        event = follower.take(sent)
                        if event is not None:
                            yield event
            if not follower.done:
                await anyio.sleep(follower.pause())

    async def cancel(self, smelt_id: UUID) -> SmeltReply:
        """Stops what runs; what has completed keeps its results."""
        return await self.do(calls.cancel(smelt_id))

    async def retry(self, smelt_id: UUID) -> SmeltReply:
        """Runs again what failed or was canceled."""
        return await self.do(calls.retry(smelt_id))

    async def cancel_file(self, smelt_id: UUID, file_id: UUID) -> SmeltReply:
        """Stops the work on one file, and cancels what is made of it alone."""
        return await self.do(calls.cancel_file(smelt_id, file_id))

    async def retry_file(self, smelt_id: UUID, file_id: UUID) -> SmeltReply:
        """Runs one file again that failed or was canceled, and what ended because of it."""
        return await self.do(calls.retry_file(smelt_id, file_id))

    async def cancel_output(self, smelt_id: UUID, output_id: UUID) -> SmeltReply:
        """Stops the work on one output; the others go on."""
        return await self.do(calls.cancel_output(smelt_id, output_id))

    async def retry_output(self, smelt_id: UUID, output_id: UUID) -> SmeltReply:
        """Runs one output again that failed or was canceled."""
        return await self.do(calls.retry_output(smelt_id, output_id))

    async def delete(self, smelt_id: UUID) -> None:
        """Content and metadata, now."""
        await self.do(calls.delete(smelt_id))

    async def delete_content(self, smelt_id: UUID) -> DeletionReceipt:
        return await self.do(calls.delete_content(smelt_id))

    async def results(self, smelt_id: UUID, media_type: str = calls.MARKDOWN) -> bytes:
        """All finished results as `text/markdown`, `application/zip` or `application/json`."""
        return await self.do(calls.results(smelt_id, media_type))

    async def output(self, smelt_id: UUID, output_id: UUID) -> str:
        """One result, as Markdown."""
        return await self.do(calls.output(smelt_id, output_id))

    async def transcript(self, smelt_id: UUID, file_id: UUID, form: TranscriptFormat = "txt") -> str:
        return await self.do(calls.transcript(smelt_id, file_id, form))

    async def speakers(self, smelt_id: UUID, file_id: UUID) -> SpeakersReply:
        """Who speaks in a recording, for how long, and the names that were given."""
        return await self.do(calls.speakers(smelt_id, file_id))

    async def name_speakers(self, smelt_id: UUID, file_id: UUID, names: Mapping[str, str]) -> SpeakersReply:
        """By label, such as `S1`; in place of all names before."""
        return await self.do(calls.name_speakers(smelt_id, file_id, names))

    async def usage(self) -> UsageReply:
        return await self.do(calls.usage())

    async def default_prompts(self) -> Sequence[DefaultPrompt]:
        return await self.do(calls.default_prompts())

    async def do(self, call: Call[T]) -> T:
        """A call that has no method here."""
        request = call.request(self._http)
        return call.result(await self._try(lambda: self._http.send(request), repeatable=call.repeatable))

    async def _open(self, call: Call[bytes]) -> httpx2.Response:
        request = call.request(self._http, silence=SILENCE)
        return await self._try(lambda: self._http.send(request, stream=True))

    @staticmethod
    async def _outcome(send: Callable[[], Awaitable[httpx2.Response]]) -> Outcome:
        try:
            reply = await send()
            if not reply.is_success:
                await reply.aread()
        except httpx2.RequestError as error:
            return error
        return reply

    async def _try(
        self, send: Callable[[], Awaitable[httpx2.Response]], *, repeatable: bool = True
    ) -> httpx2.Response:
        for tried in count(1):
            outcome = await self._outcome(send)
            pause = next_try(outcome, tried, repeatable=repeatable)
            if isinstance(pause, httpx2.Response):
                return pause
            await anyio.sleep(pause)
        raise AssertionError("the last try returns or raises")
