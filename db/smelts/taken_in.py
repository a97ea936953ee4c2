"""A new smelt as it is the moment it has been taken in: what a reader would read, without reading it."""

from collections.abc import Sequence
from datetime import datetime

from db.smelts.new_parts import NewOutput
from db.smelts.new_smelt import NewFile, NewSmelt
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.states import DefaultPromptName, InputType, SmeltStatus, WaitingFor, WorkStatus


def taken_in(
    new: NewSmelt, outputs: Sequence[NewOutput], created_at: datetime, expires_at: datetime, *, held: bool
) -> Smelt:
    """`held`: whether the operator holds the tenant, so that what is ready waits all the same."""
    return Smelt(
        id=new.id,
        user_id=new.user_id,
        tier=new.tier,
        mode=new.mode,
        channels=new.channels,
        status=SmeltStatus.PENDING,
        error_code=None,
        default_prompt_names=tuple(new.default_prompt_names),
        user_prompt_id=new.user_prompt_id,
        language=new.language,
        webhook_url=new.webhook_url,
        warnings=(),
        version=1,
        content_ttl_seconds=new.content_ttl_seconds,
        content_expires_at=expires_at,
        content_deleted_at=None,
        created_at=created_at,
        finished_at=None,
        files=tuple(_file(file, position, held) for position, file in enumerate(new.files)),
        outputs=tuple(_output(output, position, held) for position, output in enumerate(outputs)),
    )


def _file(file: NewFile, position: int, held: bool) -> SmeltFile:
    read = file.input_type is InputType.TEXT  # there is nothing to transcribe
    status, waiting_for = (WorkStatus.COMPLETED, None) if read else _ready(held)
    return SmeltFile(
        id=file.id,
        position=position,
        input_type=file.input_type,
        media_type=file.media_type,
        filename=file.filename,
        size_bytes=file.size_bytes,
        duration_seconds=None,
        language=None,
        status=status,
        waiting_for=waiting_for,
        error_code=None,
        error_detail=None,
        attempt=0,
        progress=float(read),
        warnings=(),
    )


def _output(output: NewOutput, position: int, held: bool) -> SmeltOutput:
    status, waiting_for = (WorkStatus.WAITING, None) if output.size_bytes is None else _ready(held)
    return SmeltOutput(
        id=output.id,
        file_id=output.file_id,
        position=position,
        default_prompt_name=None if output.prompt is None else DefaultPromptName(output.prompt),
        is_user_prompt=output.prompt is None,
        status=status,
        waiting_for=waiting_for,
        error_code=None,
        attempt=0,
        progress=0.0,
        model=None,
        input_tokens=None,
        output_tokens=None,
    )


def _ready(held: bool) -> tuple[WorkStatus, WaitingFor | None]:
    return (WorkStatus.WAITING, WaitingFor.HOLD) if held else (WorkStatus.PENDING, None)
