"""The user's own prompts and their sections, and the default prompts, which are everybody's."""

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
from api.schemas.smelts import DefaultPrompt, DefaultPrompts
from deploy.client.exchange import Exchange
from deploy.client.failures import Misused

PROMPTS, SECTIONS = "/v1/prompts", "/v1/prompt-sections"

Request = TypeVar("Request", bound=BaseModel)


class Library:
    """Every method raises Refused and Unreachable, and Misused for what no title or prompt can be."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def default_prompts(self) -> Sequence[DefaultPrompt]:
        return self._exchange.read(DefaultPrompts, "/v1/default-prompts").items

    def prompts(self) -> Sequence[PromptReply]:
        return self._exchange.read(Prompts, PROMPTS).items

    def prompt(self, prompt_id: UUID) -> PromptReply:
        return self._exchange.read(PromptReply, f"{PROMPTS}/{prompt_id}")

    def add_prompt(self, title: str, body: str, section: UUID | None = None) -> PromptReply:
        new = _checked(NewPrompt, title=title, body=body, section_id=section)
        return self._exchange.call(PromptReply, "POST", PROMPTS, new)

    def edit_prompt(self, prompt_id: UUID, **changes: object) -> PromptReply:
        """`changes`: of title, body and section_id; what isn't named stays."""
        edit = _checked(PromptEdit, **changes)
        return self._exchange.call(PromptReply, "PATCH", f"{PROMPTS}/{prompt_id}", edit)

    def delete_prompt(self, prompt_id: UUID) -> None:
        self._exchange.remove(f"{PROMPTS}/{prompt_id}")

    def order_prompts(self, ids: Sequence[UUID]) -> Sequence[PromptReply]:
        return self._exchange.call(Prompts, "PUT", f"{PROMPTS}/order", _checked(Order, ids=ids)).items

    def sections(self) -> Sequence[SectionReply]:
        return self._exchange.read(Sections, SECTIONS).items

    def add_section(self, title: str) -> SectionReply:
        return self._exchange.call(SectionReply, "POST", SECTIONS, _checked(NewSection, title=title))

    def rename_section(self, section: UUID, title: str) -> SectionReply:
        new = _checked(NewSection, title=title)
        return self._exchange.call(SectionReply, "PATCH", f"{SECTIONS}/{section}", new)

    def delete_section(self, section: UUID) -> None:
        """Its prompts stay."""
        self._exchange.remove(f"{SECTIONS}/{section}")

    def order_sections(self, ids: Sequence[UUID]) -> Sequence[SectionReply]:
        return self._exchange.call(Sections, "PUT", f"{SECTIONS}/order", _checked(Order, ids=ids)).items


def _checked(model: type[Request], **values: object) -> Request:
    """Raises Misused with what is wrong, in one line."""
    try:
        return model(**values)
    except ValidationError as problem:
        faults = (f"{error['loc'][0]}: {error['msg']}" for error in problem.errors())
        raise Misused("; ".join(faults)) from None
