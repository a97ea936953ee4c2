"""The synthesis of one output: begun, finished, failed. Each locks the smelt's row, then the output's."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.locks import lock_smelt_of
from db.smelts.settlement import advance
from db.statement import cached_text
from db.work import claims
from db.work.claims import Claim, WorkTable
from pipeline.errors import LostLease
from pipeline.fairness import SHORT_OUTPUT_SECONDS
from pipeline.states import DefaultPromptName, ErrorCode, InputType


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose text goes into an output. `attempt`: the one that made its transcript."""

    file_id: UUID
    filename: str
    input_type: InputType
    attempt: int


@dataclass(frozen=True, slots=True)
class OutputJob:
    """What a worker needs to make an output. `content_key` is wrapped; None once the content is deleted."""

    smelt_id: UUID
    tenant: str
    user_id: UUID | None
    tier: str
    content_key: bytes | None
    default_prompt_name: DefaultPromptName | None  # None: the user's own prompt
    sources: tuple[Source, ...]
    cost: float  # seconds, as estimated


def begin_output(conn: Connection, claim: Claim) -> OutputJob:
    """The claimed output's job, its sources in the files' order; raises the smelt's version. Raises LostLease.

    Locks the smelt's row.
    """
    row = conn.execute(
        cached_text(
            """
            update smelts set version = version + 1, updated_at = now(),
                status = case when status in ('pending', 'transcribing') and not exists (
                    select from smelt_files f
                    where f.smelt_id = smelts.id and f.status in ('waiting', 'pending', 'processing')
                ) then 'synthesizing' else status end
            where id = (select smelt_id from smelt_outputs where id = :id)
            returning id, tenant, user_id, tier, content_key
            """
        ),
        {"id": claim.id},
    ).one_or_none()
    output = conn.execute(
        cached_text(
            """
            select file_id, default_prompt_name, cost from smelt_outputs
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"id": claim.id, "attempt": claim.attempt},
    ).one_or_none()
    if row is None or output is None:
        raise LostLease
    changes.note(conn, row.id)
    name = output.default_prompt_name
    return OutputJob(
        row.id,
        row.tenant,
        row.user_id,
        row.tier,
        row.content_key,
        None if name is None else DefaultPromptName(name),
        _find_sources(conn, row.id, output.file_id),
        output.cost,
    )


def finish_output(conn: Connection, claim: Claim, model: str, input_tokens: int, output_tokens: int) -> None:
    """Records a result that lies in the content store under this attempt. Raises LostLease, recording nothing."""
    smelt = lock_smelt_of(conn, OUTPUTS, claim.id)
    claims.complete(conn, OUTPUTS, claim)
    conn.execute(
        cached_text(
            """
            update smelt_outputs set model = :model, input_tokens = :input_tokens, output_tokens = :output_tokens
            where id = :id
            """
        ),
        {"id": claim.id, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens},
    )
    advance(conn, smelt)


def fail_output(conn: Connection, claim: Claim, code: ErrorCode) -> None:
    """Fails an output for good; the others go on. Raises LostLease."""
    smelt = lock_smelt_of(conn, OUTPUTS, claim.id)
    claims.fail(conn, OUTPUTS, claim, code)
    advance(conn, smelt)


def _find_sources(conn: Connection, smelt_id: UUID, file_id: UUID | None) -> tuple[Source, ...]:
    rows = conn.execute(
        cached_text(
            """
            select id, filename, input_type, attempt from smelt_files
            where smelt_id = :smelt_id and (cast(:file_id as uuid) is null or id = :file_id)
            order by position
            """
        ),
        {"smelt_id": smelt_id, "file_id": file_id},
    )
    return tuple(Source(row.id, row.filename, InputType(row.input_type), row.attempt) for row in rows)


OUTPUTS = WorkTable("smelt_outputs", "synthesize", SHORT_OUTPUT_SECONDS, of_smelt=True, fail=fail_output)
