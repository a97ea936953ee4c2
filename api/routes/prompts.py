"""The user's own prompts."""

from uuid import UUID

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.errors import ApiError
from api.identity import SignedIn
from api.schemas import PromptBody, PromptReply, Prompts
from api.services import services
from db.prompts import create_prompt, delete_prompt, get_prompt, list_prompts

MAX_BODY_BYTES = 64_000

router = APIRouter(prefix="/v1/prompts", tags=["prompts"], max_body_size=MAX_BODY_BYTES)


@router.get("")
def list_own_prompts(request: Request, user: SignedIn) -> Prompts:
    with services(request).database.user(user.user_id) as conn:
        return Prompts(
            items=[PromptReply.model_validate(prompt) for prompt in list_prompts(conn, user.user_id)]
        )


@router.post("", status_code=201)
def post_prompt(request: Request, response: Response, user: SignedIn, body: PromptBody) -> PromptReply:
    with services(request).database.user(user.user_id) as conn:
        prompt = create_prompt(conn, user.user_id, body.title, body.body)
    response.headers["Location"] = f"/v1/prompts/{prompt.id}"
    return PromptReply.model_validate(prompt)


@router.get("/{prompt_id}")
def read_prompt(request: Request, user: SignedIn, prompt_id: UUID) -> PromptReply:
    with services(request).database.user(user.user_id) as conn:
        prompt = get_prompt(conn, prompt_id)
    if prompt is None:
        raise ApiError("not_found")
    return PromptReply.model_validate(prompt)


@router.delete("/{prompt_id}", status_code=204)
def remove_prompt(request: Request, user: SignedIn, prompt_id: UUID) -> Response:
    with services(request).database.user(user.user_id) as conn:
        deleted = delete_prompt(conn, prompt_id)
    if not deleted:
        raise ApiError("not_found")
    return Response(status_code=204)
