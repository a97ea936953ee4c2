"""The user's own prompts."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from sqlalchemy import Connection
from starlette.requests import Request

from api.account.library import changing
from api.account.prompt_upload import MAX_FILE_BYTES, read_prompt_file
from api.auth.callers import SignedIn
from api.errors import ApiError, Code
from api.http.pieces import json_reply
from api.http.small_body import SmallBodyRoute
from api.schemas.library import NewPrompt, Order, PromptEdit, PromptReply, Prompts
from api.services import services
from db.accounts.prompts import (
    Prompt,
    create_prompt,
    delete_prompt,
    edit_prompt,
    get_prompt,
    list_prompts,
    move_prompt,
    reorder_prompts,
)

router = APIRouter(prefix="/v1/prompts", tags=["prompts"], route_class=SmallBodyRoute)


@router.get("", response_model=Prompts)
def list_own_prompts(request: Request, user: SignedIn) -> Response:
    """Those without a section first, then section by section, each in its order."""
    with services(request).database.user(user.user_id) as conn:
        found = list_prompts(conn, user.user_id)
    return _reply(found)


@router.post("", status_code=201)
def post_prompt(request: Request, response: Response, user: SignedIn, new: NewPrompt) -> PromptReply:
    """At the end of its section, or of those without one."""
    return _create(request, response, user.user_id, new)


@router.post("/upload", status_code=201)
def upload_prompt(
    request: Request,
    response: Response,
    user: SignedIn,
    file: Annotated[UploadFile, File(description="a `.md` file of up to 10 KB, UTF-8")],
    section_id: Annotated[UUID | None, Form()] = None,
) -> PromptReply:
    """A prompt from a Markdown file, whose title is its first heading or, without one, the file's name."""
    title, body = read_prompt_file(file.filename, file.file.read(MAX_FILE_BYTES + 1))
    return _create(request, response, user.user_id, NewPrompt(title=title, body=body, section_id=section_id))


@router.put("/order", response_model=Prompts)
def order_prompts(request: Request, user: SignedIn, order: Order) -> Response:
    """Each section's prompts in the order of `ids`. To move one to another section, PATCH it."""
    with changing(services(request), user.user_id) as conn:
        reorder_prompts(conn, user.user_id, order.ids)
        found = list_prompts(conn, user.user_id)
    return _reply(found)


@router.get("/{prompt_id}")
def read_prompt(request: Request, user: SignedIn, prompt_id: UUID) -> PromptReply:
    with services(request).database.user(user.user_id) as conn:
        return _find(conn, prompt_id)


@router.patch("/{prompt_id}")
def change_prompt(request: Request, user: SignedIn, prompt_id: UUID, edit: PromptEdit) -> PromptReply:
    """Smelts that were posted before keep the text that they were posted with."""
    with changing(services(request), user.user_id) as conn:
        if not edit_prompt(conn, user.user_id, prompt_id, edit.title, edit.body):
            raise ApiError(Code.NOT_FOUND)
        if "section_id" in edit.model_fields_set:
            move_prompt(conn, user.user_id, prompt_id, edit.section_id)
        return _find(conn, prompt_id)


@router.delete("/{prompt_id}", status_code=204)
def remove_prompt(request: Request, user: SignedIn, prompt_id: UUID) -> Response:
    """Smelts that used it, and their results, stay."""
    with changing(services(request), user.user_id) as conn:
        if not delete_prompt(conn, user.user_id, prompt_id):
            raise ApiError(Code.NOT_FOUND)
    return Response(status_code=204)


def _create(request: Request, response: Response, user_id: UUID, new: NewPrompt) -> PromptReply:
    with changing(services(request), user_id) as conn:
        prompt = create_prompt(conn, user_id, new.title, new.body, new.section_id)
    response.headers["Location"] = f"/v1/prompts/{prompt.id}"
    return PromptReply.model_validate(prompt)


def _find(conn: Connection, prompt_id: UUID) -> PromptReply:
    prompt = get_prompt(conn, prompt_id)
    if prompt is None:
        raise ApiError(Code.NOT_FOUND)
    return PromptReply.model_validate(prompt)


def _reply(prompts: Sequence[Prompt]) -> Response:
    """Four million characters of text at the most."""
    return json_reply(Prompts(items=[PromptReply.model_validate(prompt) for prompt in prompts]))
