"""How a smelt ends: decided from the states of its parts, once no work is left."""

from dataclasses import dataclass

from pipeline.states import ErrorCode, SmeltMode, SmeltStatus


@dataclass(frozen=True, slots=True)
class PartCounts:
    files_completed: int
    files_failed: int
    recordings_completed: int
    outputs: int
    outputs_completed: int


def outcome(mode: SmeltMode, parts: PartCounts) -> tuple[SmeltStatus, ErrorCode | None]:
    """What is combined needs every file. Otherwise one completed output is enough, or, where no prompt was asked for,
    one transcribed recording, whatever the mode; the failed parts keep their own codes.
    """
    if mode is SmeltMode.COMBINE and parts.outputs and parts.files_failed:
        return SmeltStatus.FAILED, ErrorCode.FILE_FAILED
    completed = parts.outputs_completed if parts.outputs else parts.recordings_completed
    if completed:
        return SmeltStatus.COMPLETED, None
    return SmeltStatus.FAILED, ErrorCode.NOTHING_COMPLETED
