"""`POST /v1/audio/transcriptions`: a smelt of one recording, in the shape that OpenAI's clients speak.

`POST /v1/audio/translations` is answered as well: by why it can't be served.
"""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.auth.callers import find_caller
from api.errors import ApiError, Code
from api.middleware.concurrency_limit import leave
from api.openai.again import taken_back
from api.openai.options import TRANSCRIPTION, checked_transcription, read_answer
from api.openai.reply import error_event, events, transcription
from api.openai.waiting import transcript_of, until_ended
from api.openapi.transcriptions import OPENAI_ERROR, TRANSCRIPTION_BODY, TRANSCRIPTION_REPLY
from api.services import services
from api.smelts.accept import Accepted, accept
from api.translations import TRANSLATED, translated
from pipeline.concurrency import Kind

# Not 501: clients take what is above 500 for an outage, and try again.
NO_TRANSLATION = (
    "This service writes down what is said in the language that it is said in; it doesn't translate."
    " Use POST /v1/audio/transcriptions."
)

router = APIRouter(prefix="/v1/audio", tags=["openai"])


@router.post(
    "/transcriptions",
    response_class=Response,
    openapi_extra=TRANSCRIPTION_BODY,
    responses=TRANSCRIPTION_REPLY,
)
async def transcribe(request: Request) -> Response:
    """Waits in the queue like any other smelt, and answers with the transcript. Hanging up cancels it.

    The same post again, with its `Idempotency-Key`, waits for the same smelt, or takes a canceled one back to work.
    """
    accepted = await accept(request, TRANSCRIPTION, checked_transcription)
    if not accepted.new:
        async with services(request).share.turn(accepted.caller.tenant):
            accepted = await run_in_threadpool(taken_back, request, accepted)
    leave(request, Kind.UPLOADS)
    wanted = read_answer(accepted.form)
    location = {"Content-Location": f"/v1/smelts/{accepted.smelt.id}"}
    if wanted.stream:
        stream = _streamed(request, accepted)
        return StreamingResponse(stream, headers=location, media_type="text/event-stream")
    async for _ in until_ended(request, accepted):
        pass
    async with services(request).share.turn(accepted.caller.tenant, longest_wait=None):
        transcript = await run_in_threadpool(transcript_of, services(request), accepted)
        reply = await run_in_threadpool(transcription, transcript, wanted)
    reply.headers.update(location)
    return reply


@router.post("/translations", status_code=404, response_class=Response, responses=OPENAI_ERROR)
async def translate(request: Request) -> Response:
    """Always refused: recordings are written down in their own language. The body isn't read."""
    await find_caller(request)
    raise ApiError(Code.TRANSLATION_UNAVAILABLE, NO_TRANSLATION)


async def _streamed(request: Request, accepted: Accepted) -> AsyncIterator[bytes]:
    """Comments while it waits, so that nothing on the way gives the connection up; then the events.

    The status has been sent by then, so an error is an event too.
    """
    try:
        async for _ in until_ended(request, accepted):
            yield b": waiting\n\n"
        async with services(request).share.turn(accepted.caller.tenant, longest_wait=None):
            transcript = await run_in_threadpool(transcript_of, services(request), accepted)
    except ApiError as error:
        yield error_event(error)
    except TRANSLATED as error:
        yield error_event(translated(error))
    else:
        for event in events(transcript):
            yield event
