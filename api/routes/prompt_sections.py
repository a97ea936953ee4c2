"""The sections of the user's library of prompts."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import Connection
from starlette.requests import Request

from api.account.library import changing
from api.auth.callers import SignedIn
from api.errors import ApiError, Code
from api.http.small_body import SmallBodyRoute
from api.schemas.library import NewSection, Order, SectionReply, Sections
from api.services import services
from db.accounts.prompt_sections import (
    create_section,
    delete_section,
    get_section,
    list_sections,
    rename_section,
    reorder_sections,
)

router = APIRouter(prefix="/v1/prompt-sections", tags=["prompts"], route_class=SmallBodyRoute)


@router.get("")
def list_own_sections(request: Request, user: SignedIn) -> Sections:
    with services(request).database.user(user.user_id) as conn:
        return _list(conn, user.user_id)


@router.post("", status_code=201)
def post_section(request: Request, response: Response, user: SignedIn, new: NewSection) -> SectionReply:
    """At the end."""
    with changing(services(request), user.user_id) as conn:
        section = create_section(conn, user.user_id, new.title)
    response.headers["Location"] = f"/v1/prompt-sections/{section.id}"
    return SectionReply.model_validate(section)


@router.put("/order")
def order_sections(request: Request, user: SignedIn, order: Order) -> Sections:
    with changing(services(request), user.user_id) as conn:
        reorder_sections(conn, user.user_id, order.ids)
        return _list(conn, user.user_id)


@router.get("/{section_id}")
def read_section(request: Request, user: SignedIn, section_id: UUID) -> SectionReply:
    with services(request).database.user(user.user_id) as conn:
        return _find(conn, section_id)


@router.patch("/{section_id}")
def change_section(request: Request, user: SignedIn, section_id: UUID, edit: NewSection) -> SectionReply:
    with changing(services(request), user.user_id) as conn:
        if not rename_section(conn, user.user_id, section_id, edit.title):
            raise ApiError(Code.NOT_FOUND)
        return _find(conn, section_id)


@router.delete("/{section_id}", status_code=204)
def remove_section(request: Request, user: SignedIn, section_id: UUID) -> Response:
    """Its prompts stay: they go to the end of those without a section."""
    with changing(services(request), user.user_id) as conn:
        if not delete_section(conn, user.user_id, section_id):
            raise ApiError(Code.NOT_FOUND)
    return Response(status_code=204)


def _find(conn: Connection, section_id: UUID) -> SectionReply:
    section = get_section(conn, section_id)
    if section is None:
        raise ApiError(Code.NOT_FOUND)
    return SectionReply.model_validate(section)


def _list(conn: Connection, user_id: UUID) -> Sections:
    return Sections(items=[SectionReply.model_validate(section) for section in list_sections(conn, user_id)])
