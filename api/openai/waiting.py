"""A request that stays until its smelt has ended, and takes the smelt with it if it goes before."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn
from uuid import UUID

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from api.auth.identity import Visitor
from api.errors import ApiError, Code, Fault
from api.services import Services, services
from api.smelts.input_part import Source
from api.smelts.reading import check_finished, content_key, find_smelt, read_transcript_of
from api.smelts.taking_in import Accepted
from db.smelts import control
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode

HEARTBEAT_SECONDS = 10.0


async def until_ended(
    request: Request, accepted: Accepted, changed: Callable[[], asyncio.Event] = asyncio.Event
) -> AsyncIterator[None]:
    """Yields every `HEARTBEAT_SECONDS` until the smelt has ended, and whenever the event is set that `changed` gives
    then.

    Raises ClientDisconnect. Whatever ends the waiting before cancels the smelt, if this request made it: one that
    repeats another's leaves it alone.
    """
    shared = services(request)
    gone = asyncio.create_task(_gone(request))
    ended = asyncio.create_task(shared.hub.end_of(accepted.smelt.id))
    news = _set(changed())
    with shared.uploads.under_way():
        try:
            while not ((done := await _first({gone, ended, news})) - {news}):
                if done:
                    news = _set(changed())
                yield
            if ended not in done:
                _hang_up()
            ended.result()
        except BaseException:
            if accepted.new:
                with CancelScope(shield=True):
                    await run_in_threadpool(_cancel, shared, accepted.smelt.id)
            raise
        finally:
            gone.cancel()
            ended.cancel()
            news.cancel()


def transcript_of(shared: Services, accepted: Accepted) -> Transcript:
    """Of the one recording of a smelt that has ended; empty where nothing was said, as OpenAI's service answers.

    Raises ApiError with the recording's own code.
    """
    caller = accepted.caller
    if isinstance(caller, Visitor):
        caller = replace(caller, smelt_id=accepted.smelt.id)
    smelt = find_smelt(shared, caller, accepted.smelt.id)
    file = smelt.files[0]
    if file.error_code is ErrorCode.NO_SPEECH:
        return Transcript((), duration_seconds=file.duration_seconds or 0.0, warnings=file.warnings)
    if file.error_code is not None and file.error_code.value in set(Code):
        code, detail = Code(file.error_code), file.error_message or ""
        raise ApiError(
            code, detail, faults=[Fault(code, detail, Source.FILE.value, file.position, file.filename)]
        )
    check_finished(file)
    return read_transcript_of(shared, smelt.id, file, content_key(shared, smelt.id))


async def _first(tasks: "set[asyncio.Task[None]]") -> "set[asyncio.Task[None]]":
    """Which of them is done, if any is within `HEARTBEAT_SECONDS`."""
    done, _ = await asyncio.wait(tasks, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return done


def _set(event: asyncio.Event) -> "asyncio.Task[None]":
    async def wait() -> None:
        await event.wait()

    return asyncio.create_task(wait())


async def _gone(request: Request) -> None:
    """Returns when the client has hung up. The body has been read: nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _hang_up() -> NoReturn:
    raise ClientDisconnect


def _cancel(shared: Services, smelt_id: UUID) -> None:
    with suppress(control.AlreadyEnded, control.NotFound), shared.database.service() as conn:
        control.cancel(conn, smelt_id)
