"""A new smelt's files and outputs. Each row is written once: with its virtual finish time, where it is ready
from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db import changes
from db.smelts.new_smelt import NewFile, NewSmelt
from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.fair_queue import next_finish_times
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from pipeline.fairness import synthesis_cost, transcription_cost
from pipeline.metrics.accounting import work_added
from pipeline.states import InputType, SmeltMode


@dataclass(frozen=True, slots=True)
class _NewOutput:
    """`size_bytes`: of its input. None: that isn't there yet, so the output waits."""

    file_id: UUID | None
    prompt: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class _InQueue:
    """Costs and finish times, None for what isn't ready. `last`: the tenant's last finish time from now on, None if
    nothing is.
    """

    table: WorkTable
    costs: list[float | None]
    finish_times: list[float | None]
    last: float | None

    @property
    def ready(self) -> int:
        return sum(cost is not None for cost in self.costs)


def insert_parts(conn: Connection, new: NewSmelt) -> tuple[int, int]:
    """Inserts them, and returns how many files and outputs are claimable. Locks the tenant's rows of the fair queue.

    Recordings are claimable, texts have nothing to wait for, and outputs of texts alone are claimable as well.
    """
    outputs = _new_outputs(new)
    files = _in_queue(conn, FILES, new.tenant, [_file_cost(file) for file in new.files])
    syntheses = _in_queue(conn, OUTPUTS, new.tenant, [_output_cost(output) for output in outputs])
    moved = [parts for parts in (files, syntheses) if parts.last is not None]
    conn.execute(
        cached_text(_INSERT_PARTS),
        {
            "smelt_id": new.id,
            "tenant": new.tenant,
            "queues": [parts.table.queue for parts in moved],
            "lasts": [parts.last for parts in moved],
            "file_ids": [file.id for file in new.files],
            "kinds": [str(file.input_type) for file in new.files],
            "media_types": [file.media_type for file in new.files],
            "filenames": [file.filename for file in new.files],
            "sizes": [file.size_bytes for file in new.files],
            "file_costs": files.costs,
            "file_keys": files.finish_times,
            "output_ids": [uuid7() for _ in outputs],
            "targets": [output.file_id for output in outputs],
            "prompts": [output.prompt for output in outputs],
            "output_costs": syntheses.costs,
            "output_keys": syntheses.finish_times,
        },
    )
    recordings = sum(file.input_type is InputType.AUDIO for file in new.files)
    for table, added in ((FILES, recordings), (OUTPUTS, len(outputs))):
        changes.count(conn, partial(work_added.labels(table.queue).inc, added))
    return files.ready, syntheses.ready


def _new_outputs(new: NewSmelt) -> list[_NewOutput]:
    """One for each prompt: on each file, or on all together."""
    prompts: list[str | None] = [str(name) for name in new.default_prompt_names]
    if new.user_prompt_id is not None:
        prompts.append(None)
    inputs: list[tuple[UUID | None, Sequence[NewFile]]] = (
        [(None, new.files)] if new.mode is SmeltMode.COMBINE else [(file.id, [file]) for file in new.files]
    )
    return [_NewOutput(target, prompt, _text_bytes(files)) for target, files in inputs for prompt in prompts]


def _text_bytes(files: Sequence[NewFile]) -> int | None:
    """None with a recording among them, whose text isn't known yet."""
    if any(file.input_type is InputType.AUDIO for file in files):
        return None
    return sum(file.size_bytes for file in files)


def _file_cost(file: NewFile) -> float | None:
    return transcription_cost(file.size_bytes) if file.input_type is InputType.AUDIO else None


def _output_cost(output: _NewOutput) -> float | None:
    return None if output.size_bytes is None else synthesis_cost(output.size_bytes)


def _in_queue(conn: Connection, table: WorkTable, tenant: str, costs: list[float | None]) -> _InQueue:
    ready = [cost for cost in costs if cost is not None]
    if not ready:
        return _InQueue(table, costs, costs, None)
    found, last = next_finish_times(conn, table, tenant, ready)
    following = iter(found)
    return _InQueue(table, costs, [None if cost is None else next(following) for cost in costs], last)


_INSERT_PARTS = """
    with moved as (
        update fair_tenants mine set last_tag = moved.last, updated_at = now()
        from unnest(cast(:queues as text[]), cast(:lasts as float8[])) as moved (queue, last)
        where mine.queue = moved.queue and mine.tenant = :tenant
    ),
    files as (
        insert into smelt_files (id, smelt_id, position, input_type, media_type, filename, size_bytes, status,
            fair_key, cost, progress, finished_at)
        select id, :smelt_id, position - 1, kind, media_type, filename, size,
            case kind when 'text' then 'completed'::work_status else 'pending' end, key, coalesce(cost, 0),
            case kind when 'text' then 1 else 0 end, case kind when 'text' then now() end
        from unnest(cast(:file_ids as uuid[]), cast(:kinds as input_type[]), cast(:media_types as text[]),
            cast(:filenames as text[]), cast(:sizes as bigint[]), cast(:file_keys as float8[]),
            cast(:file_costs as float8[]))
            with ordinality as file (id, kind, media_type, filename, size, key, cost, position)
    )
    insert into smelt_outputs (id, smelt_id, file_id, position, default_prompt_name, is_user_prompt, status,
        fair_key, cost)
    select id, :smelt_id, file_id, position - 1, prompt, prompt is null,
        case when key is null then 'waiting'::work_status else 'pending' end, key, coalesce(cost, 0)
    from unnest(cast(:output_ids as uuid[]), cast(:targets as uuid[]), cast(:prompts as default_prompt_name[]),
        cast(:output_keys as float8[]), cast(:output_costs as float8[]))
        with ordinality as output (id, file_id, prompt, key, cost, position)
"""
