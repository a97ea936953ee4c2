"""`POST /v1/audio/transcriptions`, and `/translations`: a smelt of one recording, as OpenAI's clients speak."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.auth.callers import find_caller
from api.errors import ApiError, Code
from api.middleware.concurrency_limit import leave
from api.openai.again import taken_back
from api.openai.live import live
from api.openai.options import TRANSCRIPTION, TRANSLATION, checked_transcription, read_answer
from api.openai.reply import delta_event, error_event, events, transcription
from api.openai.waiting import transcript_of, until_ended
from api.openapi.transcriptions import TRANSCRIPTION_BODY, TRANSCRIPTION_REPLY
from api.openapi.translations import TRANSLATION_BODY, TRANSLATION_REPLY
from api.services import services
from api.smelts.accept import accept
from api.smelts.checked_options import NO_TRANSLATION, may_translate
from api.smelts.taking_in import Accepted
from api.smelts.upload_schema import UploadSchema
from api.translations import TRANSLATED, translated
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
    return await _answered(request, TRANSCRIPTION)


@router.post(
    "/translations", response_class=Response, openapi_extra=TRANSLATION_BODY, responses=TRANSLATION_REPLY
)
async def translate(request: Request) -> Response:
    """The same in English, whatever is spoken. Where the speech model can't, it is refused before the body is read."""
    if not await run_in_threadpool(may_translate, services(request).settings):
        await find_caller(request)
        raise ApiError(Code.TRANSLATION_UNAVAILABLE, NO_TRANSLATION)
    return await _answered(request, TRANSLATION)


async def _answered(request: Request, schema: UploadSchema) -> Response:
    accepted = await accept(request, schema, checked_transcription)
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


async def _streamed(request: Request, accepted: Accepted) -> AsyncIterator[bytes]:
    """What is heard, while it is heard, and comments where that takes a while, so that nothing on the way gives the
    connection up; then the rest.

    The status has been sent by then, so an error is an event too.
    """
    told = 0
    try:
        async with live(services(request).hub, accepted.smelt.id) as heard:
            async for _ in until_ended(request, accepted, heard.changed):
                texts = await heard.texts()
                for number, text in enumerate(texts, told):
                    yield delta_event(number, text)
                told += len(texts)
                if not texts:
                    yield b": waiting\n\n"
        async with services(request).share.turn(accepted.caller.tenant, longest_wait=None):
            transcript = await run_in_threadpool(transcript_of, services(request), accepted)
    except ApiError as error:
        yield error_event(error)
    except TRANSLATED as error:
        yield error_event(translated(error))
    else:
        for event in events(transcript, told):
            yield event
