"""`POST /v1/audio/transcriptions`: a smelt of one recording, in the shape that OpenAI's clients speak."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.accept import Accepted, accept
from api.concurrency import leave
from api.errors import ApiError
from api.services import services
from api.transcription_again import taken_back
from api.transcription_form import TRANSCRIPTION, checked_transcription, read_answer
from api.transcription_openapi import TRANSCRIPTION_BODY, TRANSCRIPTION_REPLY
from api.transcription_reply import error_event, events, transcription
from api.translations import TRANSLATED, translated
from api.waiting import transcript_of, until_ended
from pipeline.concurrency import Kind

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
        accepted = await run_in_threadpool(taken_back, request, accepted)
    leave(request, Kind.UPLOADS)
    wanted = read_answer(accepted.form)
    location = {"Content-Location": f"/v1/smelts/{accepted.smelt.id}"}
    if wanted.stream:
        stream = _streamed(request, accepted)
        return StreamingResponse(stream, headers=location, media_type="text/event-stream")
    async for _ in until_ended(request, accepted):
        pass
    transcript = await run_in_threadpool(transcript_of, services(request), accepted)
    reply = transcription(transcript, wanted)
    reply.headers.update(location)
    return reply


async def _streamed(request: Request, accepted: Accepted) -> AsyncIterator[bytes]:
    """Comments while it waits, so that nothing on the way gives the connection up; then the events.

    The status has been sent by then, so an error is an event too.
    """
    try:
        async for _ in until_ended(request, accepted):
            yield b": waiting\n\n"
        transcript = await run_in_threadpool(transcript_of, services(request), accepted)
    except ApiError as error:
        yield error_event(error)
    except TRANSLATED as error:
        yield error_event(translated(error))
    else:
        for event in events(transcript):
            yield event
