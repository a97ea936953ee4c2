"""`/v1/models`, as OpenAI's clients ask which models there are, and whether their key is good."""

import re

from fastapi import APIRouter
from starlette.requests import Request

from api.auth.callers import AnyCaller
from api.errors import ApiError, Code
from api.openapi.transcriptions import OPENAI_ERROR
from api.schemas.openai import ModelReply, Models
from api.services import services

router = APIRouter(prefix="/v1/models", tags=["openai"], responses=OPENAI_ERROR)

ALIAS = "whisper-1"
"""Whatever the operator has chosen: clients are mostly set to this name."""
_NAME = re.compile(r"[\w.-]*\w[\w.-]*", re.ASCII)


@router.get("")
def list_models(request: Request, _: AnyCaller) -> Models:
    """What may stand in `model` of a transcription. Any other name may, too: the operator's model hears everything."""
    return Models(data=[ModelReply(id=name) for name in _names(request)])


@router.get("/{model_id}")
def read_model(request: Request, _: AnyCaller, model_id: str) -> ModelReply:
    if model_id not in _names(request):
        raise ApiError(Code.NOT_FOUND, "There is no such model.")
    return ModelReply(id=model_id)


def _names(request: Request) -> list[str]:
    """The alias, and the operator's model by its name; not by its path, which is nobody's business."""
    chosen = services(request).settings.whisper_model
    return list(dict.fromkeys([ALIAS, *([chosen] if _NAME.fullmatch(chosen) else [])]))
