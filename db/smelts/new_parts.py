"""A new smelt's files and outputs. Each row is written once: with its virtual finish time, where it is ready
from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from uuid_utils.compat import uuid7

from db.smelts.new_smelt import NewFile, NewSmelt
from pipeline.fairness import synthesis_cost, transcription_cost
from pipeline.states import InputType, SmeltMode


@dataclass(frozen=True, slots=True)
class NewOutput:
    """`size_bytes`: of its input. None: that isn't there yet, so the output waits."""

    id: UUID
    file_id: UUID | None
    prompt: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class NewParts:
    """What `smelt_meta.admit` takes of them, `values` to be bound; how many are ready, and how much work they are."""

    values: dict[str, object]
    files_ready: int
    outputs_ready: int
    recordings: int
    outputs: Sequence[NewOutput]

    @classmethod
    def of(cls, new: NewSmelt) -> Self:
        """Recordings are claimable, texts have nothing to wait for, and outputs of texts alone are claimable too."""
        outputs = _new_outputs(new)
        file_costs = [_file_cost(file) for file in new.files]
        output_costs = [_output_cost(output) for output in outputs]
        return cls(
            values={
                "file_ids": [file.id for file in new.files],
                "kinds": [str(file.input_type) for file in new.files],
                "media_types": [file.media_type for file in new.files],
                "filenames": [file.filename for file in new.files],
                "sizes": [file.size_bytes for file in new.files],
                "file_costs": file_costs,
                "output_ids": [output.id for output in outputs],
                "targets": [output.file_id for output in outputs],
                "prompts": [output.prompt for output in outputs],
                "output_costs": output_costs,
            },
            files_ready=_ready(file_costs),
            outputs_ready=_ready(output_costs),
            recordings=sum(file.input_type is InputType.AUDIO for file in new.files),
            outputs=outputs,
        )


def _new_outputs(new: NewSmelt) -> list[NewOutput]:
    """One for each prompt: on each file, or on all together."""
    prompts: list[str | None] = [str(name) for name in new.default_prompt_names]
    if new.user_prompt_id is not None:
        prompts.append(None)
    inputs: list[tuple[UUID | None, Sequence[NewFile]]] = (
        [(None, new.files)] if new.mode is SmeltMode.COMBINE else [(file.id, [file]) for file in new.files]
    )
    return [
        NewOutput(uuid7(), target, prompt, _text_bytes(files))
        for target, files in inputs
        for prompt in prompts
    ]


def _text_bytes(files: Sequence[NewFile]) -> int | None:
    """None with a recording among them, whose text isn't known yet."""
    if any(file.input_type is InputType.AUDIO for file in files):
        return None
    return sum(file.size_bytes for file in files)


def _file_cost(file: NewFile) -> float | None:
    return transcription_cost(file.size_bytes) if file.input_type is InputType.AUDIO else None


def _output_cost(output: NewOutput) -> float | None:
    return None if output.size_bytes is None else synthesis_cost(output.size_bytes)


def _ready(costs: Sequence[float | None]) -> int:
    return sum(cost is not None for cost in costs)
