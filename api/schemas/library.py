"""What is sent and answered about a user's library of prompts. Lengths are counted in code points, as Postgres does."""

import unicodedata
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.http.filename import visible_line
from api.schemas.smelts import Reply, Time

MAX_TITLE = 200
MAX_PROMPT = 4_000
MAX_ORDER = 1_000

_NO_TEXT = {"Cc", "Cs", "Zl", "Zp"}  # controls, half characters, breaks of lines and paragraphs
_TURNS = {"LRO", "RLO"}  # overrides of the direction of text


def _no_text(char: str) -> bool:
    """What ends a line, is no character, or turns what follows around: others would read another title."""
    return unicodedata.category(char) in _NO_TEXT or unicodedata.bidirectional(char) in _TURNS


def one_line(text: str) -> str:
    """Raises ValueError for a title that nobody could read."""
    if not visible_line(text) or any(_no_text(char) for char in text):
        raise ValueError("must be one line of text")
    return text


def storable(text: str) -> str:
    """Raises ValueError for what Postgres can't keep, and where there is nothing to be seen."""
    if "\0" in text or not visible_line(text):
        raise ValueError("must be text")
    return text


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("must not name one twice")
    return ids


Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE), AfterValidator(one_line)]
Body = Annotated[str, Field(min_length=1, max_length=MAX_PROMPT), AfterValidator(storable)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewPrompt(_Request):
    title: Title
    body: Body
    section_id: UUID | None = Field(None, description="null: in no section")


class PromptEdit(_Request):
    """What isn't sent stays as it is."""

    title: Title | None = None
    body: Body | None = None
    section_id: UUID | None = Field(
        None, description="moves it to that section's end; null: out of its section"
    )


class NewSection(_Request):
    title: Title


class Order(_Request):
    ids: Annotated[list[UUID], Field(max_length=MAX_ORDER), AfterValidator(_each_once)] = Field(
        description="in the new order; what isn't named follows as it stood"
    )


class PromptReply(Reply):
    id: UUID
    title: str
    body: str
    section_id: UUID | None
    position: int = Field(description="from 0, within its section")
    created_at: Time
    updated_at: Time


class Prompts(Reply):
    items: list[PromptReply]


class SectionReply(Reply):
    id: UUID
    title: str
    position: int = Field(description="from 0")
    created_at: Time
    updated_at: Time


class Sections(Reply):
    items: list[SectionReply]
