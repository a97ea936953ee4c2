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

    @property
    def results(self) -> int:
        """What there is to take: outputs, or the transcripts of recordings where no prompt was asked for."""
        return self.outputs_completed if self.outputs else self.recordings_completed


def combines(mode: SmeltMode, parts: PartCounts) -> bool:
    """Whether something is made of all files together: not where transcripts alone were asked for."""
    return mode is SmeltMode.COMBINE and parts.outputs > 0


def outcome(mode: SmeltMode, parts: PartCounts) -> tuple[SmeltStatus, ErrorCode | None]:
    """What is combined needs every file that wasn't canceled; a result that is there already stays one. Otherwise one
    result is enough; the failed parts keep their own codes.
    """
    if combines(mode, parts) and parts.files_failed and not parts.outputs_completed:
        return SmeltStatus.FAILED, ErrorCode.FILE_FAILED
    if parts.results:
        return SmeltStatus.COMPLETED, None
    return SmeltStatus.FAILED, ErrorCode.NOTHING_COMPLETED
