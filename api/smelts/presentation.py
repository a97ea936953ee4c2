"""A smelt as its reply."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.schemas.smelts import FileReply, ListedSmelt, OutputReply, SmeltReply, SmeltSummary, SpeakerTime
from pipeline.errors import PUBLIC_MESSAGES
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput, Totals
from pipeline.speech.speakers import label
from pipeline.states import ErrorCode


def summary(smelt: Smelt) -> SmeltSummary:
    """Of a smelt that was read with its parts."""
    return _summary(smelt, smelt.totals)


def listed(smelt: Smelt, totals: Totals, first_names: Sequence[str]) -> ListedSmelt:
    return ListedSmelt(**dict(_summary(smelt, totals)), first_filenames=list(first_names))


def _summary(smelt: Smelt, totals: Totals) -> SmeltSummary:
    return SmeltSummary(
        id=smelt.id,
        status=smelt.status,
        mode=smelt.mode,
        tier=smelt.tier,
        default_prompt_names=list(smelt.default_prompt_names),
        user_prompt_id=smelt.user_prompt_id,
        version=smelt.version,
        warnings=list(smelt.warnings),
        progress=totals.progress,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        error_code=smelt.error_code,
        error_message=_first_failure(smelt) or _message(smelt.error_code),
        created_at=smelt.created_at,
        finished_at=smelt.finished_at,
        content_expires_at=smelt.content_expires_at,
    )


def full(smelt: Smelt, positions: Mapping[UUID, int] | None = None) -> SmeltReply:
    """`positions`: places in the queue by file, where they were looked up."""
    places = positions or {}
    return SmeltReply(
        **dict(summary(smelt)),
        files=[shown_file(file, places.get(file.id)) for file in smelt.files],
        outputs=[shown_output(output, smelt.user_prompt_id) for output in smelt.outputs],
    )


def shown_file(file: SmeltFile, place: int | None) -> FileReply:
    return FileReply(
        id=file.id,
        position=file.position,
        input_type=file.input_type,
        filename=file.filename,
        size_bytes=file.size_bytes,
        duration_seconds=file.duration_seconds,
        language=file.language,
        warnings=list(file.warnings),
        speakers=_speakers(file),
        status=file.status,
        progress=file.share_done,
        queue_position=place,
        waiting_for=file.waiting_for,
        error_code=file.error_code,
        error_message=file.error_message,
    )


def _speakers(file: SmeltFile) -> list[SpeakerTime] | None:
    if file.speaker_seconds is None:
        return None
    return [SpeakerTime(label=label(n), seconds=seconds) for n, seconds in enumerate(file.speaker_seconds)]


def shown_output(output: SmeltOutput, user_prompt_id: UUID | None) -> OutputReply:
    return OutputReply(
        id=output.id,
        file_id=output.file_id,
        default_prompt_name=output.default_prompt_name,
        user_prompt_id=user_prompt_id if output.is_user_prompt else None,
        status=output.status,
        progress=output.share_done,
        waiting_for=output.waiting_for,
        error_code=output.error_code,
        error_message=output.error_message,
        model=output.model,
        input_tokens=output.input_tokens,
        output_tokens=output.output_tokens,
    )


def _first_failure(smelt: Smelt) -> str | None:
    """For a smelt that failed by its files: the first of them, and what was wrong with it.

    None in a list, which reads no files.
    """
    failed = [file for file in smelt.files if file.error_code is not None]
    if smelt.error_code is not ErrorCode.FILE_FAILED or not failed:
        return None
    return f"{failed[0].filename}: {failed[0].error_message}"


def _message(code: ErrorCode | None) -> str | None:
    return None if code is None else PUBLIC_MESSAGES[code]
