"""Results: one output, all outputs, transcripts."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.errors import ApiError
from api.identity import AnyCaller
from api.negotiation import choose
from api.openapi import ALL_OUTPUTS, ONE_OUTPUT, TRANSCRIPT
from api.reading import check_finished, completed_outputs, content_key, find_smelt, read_transcript_of
from api.results import Results
from api.services import services
from pipeline.subtitles import NotTimed, TranscriptFormat, render

router = APIRouter(prefix="/v1/smelts/{smelt_id}", tags=["results"])

MARKDOWN = "text/markdown"
ZIP = "application/zip"
JSON = "application/json"


@router.get("/outputs", response_class=Response, responses=ALL_OUTPUTS)
def read_outputs(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    """All finished outputs, as JSON, one Markdown document, or a zip, by the Accept header."""
    shared = services(request)
    media_type = choose(request.headers.get("accept", ""), (JSON, MARKDOWN, ZIP))
    if media_type is None:
        raise ApiError("not_acceptable", f"There are {JSON}, {MARKDOWN} and {ZIP}.")
    smelt = find_smelt(shared, caller, smelt_id)
    key = content_key(shared, smelt)
    results = Results(completed_outputs(smelt), shared.content, key)
    if media_type == ZIP:
        disposition = {"Content-Disposition": f'attachment; filename="smelt-{smelt_id}.zip"'}
        return StreamingResponse(results.as_zip(), headers=disposition, media_type=ZIP)
    if media_type == MARKDOWN:
        return StreamingResponse(results.as_document(), media_type=f"{MARKDOWN}; charset=utf-8")
    return StreamingResponse(results.as_json(), media_type=JSON)


@router.get("/outputs/{output_id}", response_class=Response, responses=ONE_OUTPUT)
def read_output(request: Request, caller: AnyCaller, smelt_id: UUID, output_id: UUID) -> Response:
    """One result, as Markdown."""
    shared = services(request)
    smelt = find_smelt(shared, caller, smelt_id)
    output = next((output for output in smelt.outputs if output.id == output_id), None)
    if output is None:
        raise ApiError("not_found")
    key = content_key(shared, smelt)
    check_finished(output)
    results = Results(smelt, shared.content, key)
    return Response(results.markdown(output), media_type=f"{MARKDOWN}; charset=utf-8")


@router.get("/files/{file_id}/transcript", response_class=Response, responses=TRANSCRIPT)
def read_transcript(
    request: Request,
    caller: AnyCaller,
    smelt_id: UUID,
    file_id: UUID,
    format: TranscriptFormat = TranscriptFormat.TXT,  # noqa: A002 - the parameter's name in the contract
) -> Response:
    """What one file says. A text has no times, so it comes as txt and json only."""
    shared = services(request)
    smelt = find_smelt(shared, caller, smelt_id)
    file = next((file for file in smelt.files if file.id == file_id), None)
    if file is None:
        raise ApiError("not_found")
    key = content_key(shared, smelt)
    check_finished(file)
    try:
        body = render(read_transcript_of(shared, smelt, file, key), format)
    except NotTimed as error:
        raise ApiError("no_timing", str(error)) from None
    return Response(body, media_type=format.media_type)
