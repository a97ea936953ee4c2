"""Smelts as the service tells them, made up for tests of what is shown of them."""

from typing import Any
from uuid import UUID

from api.openapi.examples import EXAMPLES
from smelt_client.models import FileReply, OutputReply, SmeltReply

WHOLE = SmeltReply.model_validate(EXAMPLES["SmeltReply"])


def file(number: int = 1, **changes: Any) -> FileReply:
    values = {"id": UUID(int=number), "position": number - 1, "filename": f"talk-{number}.m4a", **changes}
    return FileReply.model_validate({**WHOLE.files[0].model_dump(), **values})


def output(of: FileReply | None, **changes: Any) -> OutputReply:
    values = {"file_id": of and of.id, **changes}
    return OutputReply.model_validate({**WHOLE.outputs[0].model_dump(), **values})


def smelt(*files: FileReply, outputs: list[OutputReply] | None = None, **changes: Any) -> SmeltReply:
    return SmeltReply.model_validate(
        {**WHOLE.model_dump(), "files": list(files), "outputs": outputs or [], **changes}
    )
