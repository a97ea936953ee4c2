"""The user's own prompts, and their sections."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from api.schemas.library import (
    NewPrompt,
    NewSection,
    Order,
    PromptEdit,
    PromptReply,
    Prompts,
    SectionReply,
    Sections,
)
from smelt_client import Misused, Smelt
from smelt_client.calls import Call, removal

PROMPTS, SECTIONS = "/v1/prompts", "/v1/prompt-sections"

Request = TypeVar("Request", bound=BaseModel)
Model = TypeVar("Model", bound=BaseModel)


class Library:
    """Every method raises Refused and Unreachable, and Misused for what no title or prompt can be."""

    def __init__(self, client: Smelt) -> None:
        self._client = client

    def prompts(self) -> Sequence[PromptReply]:
        return self._read(Prompts, PROMPTS).items

    def prompt(self, prompt_id: UUID) -> PromptReply:
        return self._read(PromptReply, f"{PROMPTS}/{prompt_id}")

    def add_prompt(self, title: str, body: str, section: UUID | None = None) -> PromptReply:
        new = _checked(NewPrompt, title=title, body=body, section_id=section)
        return self._write(PromptReply, "POST", PROMPTS, new)

    def edit_prompt(self, prompt_id: UUID, **changes: object) -> PromptReply:
        """`changes`: of title, body and section_id; what isn't named stays."""
        return self._write(PromptReply, "PATCH", f"{PROMPTS}/{prompt_id}", _checked(PromptEdit, **changes))

    def delete_prompt(self, prompt_id: UUID) -> None:
        self._client.do(removal(f"{PROMPTS}/{prompt_id}"))

    def order_prompts(self, ids: Sequence[UUID]) -> Sequence[PromptReply]:
        return self._write(Prompts, "PUT", f"{PROMPTS}/order", _checked(Order, ids=ids)).items

    def sections(self) -> Sequence[SectionReply]:
        return self._read(Sections, SECTIONS).items

    def add_section(self, title: str) -> SectionReply:
        return self._write(SectionReply, "POST", SECTIONS, _checked(NewSection, title=title))

    def rename_section(self, section: UUID, title: str) -> SectionReply:
        new = _checked(NewSection, title=title)
        return self._write(SectionReply, "PATCH", f"{SECTIONS}/{section}", new)

    def delete_section(self, section: UUID) -> None:
        """Its prompts stay."""
        self._client.do(removal(f"{SECTIONS}/{section}"))

    def order_sections(self, ids: Sequence[UUID]) -> Sequence[SectionReply]:
        return self._write(Sections, "PUT", f"{SECTIONS}/order", _checked(Order, ids=ids)).items

    def _read(self, model: type[Model], path: str) -> Model:
        return self._client.do(Call("GET", path, model.model_validate_json))

    def _write(self, model: type[Model], method: str, path: str, body: BaseModel) -> Model:
        repeatable = method == "PUT"
        call = Call(method, path, model.model_validate_json, repeatable=repeatable, body=body)
        return self._client.do(call)


def _checked(model: type[Request], **values: object) -> Request:
    """Raises Misused with what is wrong, in one line."""
    try:
        return model(**values)
    except ValidationError as problem:
        faults = (f"{error['loc'][0]}: {error['msg']}" for error in problem.errors())
        raise Misused("; ".join(faults)) from None
