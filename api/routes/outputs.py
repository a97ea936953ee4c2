"""Results: one output, all outputs, transcripts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.auth.callers import AnyCaller
from api.errors import ApiError, Code
from api.http.in_turns import gathered, in_turns
from api.http.negotiation import choose
from api.http.pieces import Pieces
from api.openapi.document import ALL_OUTPUTS, ONE_OUTPUT, TRANSCRIPT
from api.services import services
from api.smelts.reading import (
    check_finished,
    completed_outputs,
    content_key,
    find_smelt,
    in_role_of,
    read_heard_of,
    read_transcript_of,
)
from api.smelts.results import Results, result_of
from db.smelts.smelt_parts import get_file, get_output
from pipeline.speech.subtitles import NotTimed, TranscriptFormat, format_transcript
from pipeline.states import WorkStatus

router = APIRouter(prefix="/v1/smelts/{smelt_id}", tags=["results"])

MARKDOWN = "text/markdown"
ZIP = "application/zip"
JSON = "application/json"
PARTIAL = (
    "what has been heard so far of a recording that isn't completed, also where it failed or was canceled, without"
    " speakers but with `channels=separate`; as JSON it has `complete: false` then. Without it `not_ready`"
)


@router.get("/outputs", response_class=Response, responses=ALL_OUTPUTS)
def read_outputs(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    """All finished outputs, as JSON, one Markdown document, or a zip, by the Accept header."""
    shared = services(request)
    media_type = choose(request.headers.get("accept", ""), (JSON, MARKDOWN, ZIP))
    if media_type is None:
        raise ApiError(Code.NOT_ACCEPTABLE, f"There are {JSON}, {MARKDOWN} and {ZIP}.")
    smelt = find_smelt(shared, caller, smelt_id)
    key = content_key(shared, smelt_id)
    results = Results(completed_outputs(smelt), shared.content, key)
    headers = {}
    if media_type == ZIP:
        headers["Content-Disposition"] = f'attachment; filename="smelt-{smelt_id}.zip"'
    made, sent_as = {
        ZIP: (results.as_zip, ZIP),
        MARKDOWN: (results.as_document, f"{MARKDOWN}; charset=utf-8"),
        JSON: (results.as_json, JSON),
    }[media_type]
    stream = in_turns(shared.share, caller.tenant, gathered(made()))
    return StreamingResponse(stream, headers=headers, media_type=sent_as)


@router.get("/outputs/{output_id}", response_class=Response, responses=ONE_OUTPUT)
def read_output(request: Request, caller: AnyCaller, smelt_id: UUID, output_id: UUID) -> Response:
    """One result, as Markdown."""
    shared = services(request)
    output = in_role_of(shared, caller, smelt_id, lambda conn: get_output(conn, smelt_id, output_id))
    key = content_key(shared, smelt_id)
    check_finished(output)
    return Pieces(result_of(shared.content, key, smelt_id, output), media_type=f"{MARKDOWN}; charset=utf-8")


@router.get("/files/{file_id}/transcript", response_class=Response, responses=TRANSCRIPT)
def read_transcript(
    request: Request,
    caller: AnyCaller,
    smelt_id: UUID,
    file_id: UUID,
    *,
    format: TranscriptFormat = TranscriptFormat.TXT,  # noqa: A002 - the parameter's name in the contract
    partial: Annotated[bool, Query(description=PARTIAL)] = False,
) -> Response:
    """What one file says. A text has no times, so it comes as txt and json only."""
    shared = services(request)
    file = in_role_of(shared, caller, smelt_id, lambda conn: get_file(conn, smelt_id, file_id))
    key = content_key(shared, smelt_id)
    complete = file.status is WorkStatus.COMPLETED or not partial
    if complete:
        check_finished(file)
    read = read_transcript_of if complete else read_heard_of
    try:
        body = format_transcript(read(shared, smelt_id, file, key), format, complete=complete)
    except NotTimed as error:
        raise ApiError(Code.NO_TIMING, str(error)) from None
    return Pieces(body, media_type=format.media_type)
