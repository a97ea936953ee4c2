"""What replies in OpenAI's shape look like, where they are described by types."""

from typing import Literal

from pydantic import Field

from api.schemas.smelts import Reply


class ModelReply(Reply):
    id: str
    object: Literal["model"] = "model"
    created: int = Field(0, description="not known: always 0")
    owned_by: str = "smelt"


class Models(Reply):
    object: Literal["list"] = "list"
    data: list[ModelReply]
