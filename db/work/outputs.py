"""The synthesis of one output: begun, finished, failed. Each locks the smelt's row, then the output's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db import changes
from db.locks import lock_smelt_of
from db.one_exchange import AnyConnection, Statement, execute_all
from db.smelts.settlement import advance, note_end
from db.statement import cached_text
from db.work import claims
from db.work.claims import Claim, WorkTable
from pipeline.errors import LostLease
from pipeline.fairness import SHORT_OUTPUT_SECONDS
from pipeline.states import DefaultPromptName, ErrorCode, InputType


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose text goes into an output. `attempt`: the one that made its transcript.

    `has_speakers`: whether they were told apart.
    """

    file_id: UUID
    filename: str
    input_type: InputType
    attempt: int
    has_speakers: bool


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


def claim_output(conn: AnyConnection, lease_seconds: float, only_short: bool = False) -> Claim | None:
    """As `claim_next`, with the output's job, and begun: unless somebody has its smelt locked at that moment.

    Locks the output, and then its smelt, for which it doesn't wait.
    """
    return _claimed(conn, conn.execute(*_claiming(lease_seconds, only_short)).one_or_none())


def begin_output(conn: AnyConnection, claim: Claim) -> OutputJob:
    """The claimed output's job, its sources in the files' order; raises the smelt's version. Raises LostLease.

    Locks the smelt's row, in a statement of its own: whether the claim is still held is read once it is locked.
    """
    held = {"id": claim.id, "attempt": claim.attempt}
    _, begun = execute_all(conn, [(cached_text(_LOCK), {"id": claim.id}), (cached_text(_BEGIN), held)])
    row = begun.one_or_none()
    if row is None:
        raise LostLease
    changes.note(conn, row[0])
    return _job(row)


_JOB = """
    smelt_id, tenant, user_id, tier, content_key, prompt, cost, sources, filenames, kinds, attempts,
    with_speakers
"""
_LOCK = """
    select id from smelts where id = (select smelt_id from smelt_outputs where id = :id) for update
"""
_BEGIN = f"""
    select {_JOB} from (
        select mine.smelt_id, mine.default_prompt_name::text as prompt, mine.cost, job.*
        from smelt_outputs mine, smelt_meta.begin_output(mine) job
        where mine.id = :id and mine.attempt = :attempt and mine.status = 'processing'
    ) begun
"""
_CLAIM = f"""
    select id, attempt, failures, more, leased_until, waited, outage, trace, begun, {_JOB}
    from smelt_meta.claim_output(:lease, :only_short)
"""
_FINISH = """
    select ours, smelt_id, tier, status, seconds, charged, delivers
    from smelt_meta.finish_output(:id, :attempt, :model, :input_tokens, :output_tokens, :delivery)
"""


def _claiming(lease_seconds: float, only_short: bool) -> Statement:
    return cached_text(_CLAIM), {"lease": lease_seconds, "only_short": only_short}


def _claimed(conn: AnyConnection, row: Sequence[Any] | None) -> Claim | None:
    if row is None:
        return None
    claim_id, attempt, failures, more, leased_until, waited, outage, trace, begun, *job = row
    claim = Claim(
        claim_id, attempt, failures, more, leased_until, waited=waited, outage=outage, traceparent=trace
    )
    if not begun:
        return claim
    changes.note(conn, job[0])
    return replace(claim, job=_job(job))


def _job(row: Sequence[Any]) -> OutputJob:
    """Of the columns of `_JOB`."""
    smelt_id, tenant, user_id, tier, content_key, prompt, cost, *sources = row
    return OutputJob(
        smelt_id,
        tenant,
        user_id,
        tier,
        content_key,
        None if prompt is None else DefaultPromptName(prompt),
        tuple(
            Source(file_id, filename, InputType(kind), attempt, with_speakers)
            for file_id, filename, kind, attempt, with_speakers in zip(*sources, strict=True)
        ),
        cost,
    )


def finish_output(
    conn: AnyConnection, claim: Claim, model: str, input_tokens: int, output_tokens: int
) -> None:
    """Records a result that lies in the content store under this attempt. Raises LostLease, recording nothing."""
    _finished(conn, conn.execute(*_finishing(claim, model, input_tokens, output_tokens)).one())


def finish_and_claim(
    conn: AnyConnection,
    claim: Claim,
    model: str,
    input_tokens: int,
    output_tokens: int,
    *,
    lease_seconds: float,
    only_short: bool,
) -> Claim | None:
    """As `finish_output`, and then `claim_output`, in one exchange: an output of the same smelt is begun at once,
    whoever else waits for that smelt, since this end has it locked.

    Raises LostLease; then what was claimed is to be rolled back.
    """
    finishing = _finishing(claim, model, input_tokens, output_tokens)
    finished, claimed = execute_all(conn, [finishing, _claiming(lease_seconds, only_short)])
    _finished(conn, finished.one())
    return _claimed(conn, claimed.one_or_none())


def _finishing(claim: Claim, model: str, input_tokens: int, output_tokens: int) -> Statement:
    return cached_text(_FINISH), {
        "id": claim.id,
        "attempt": claim.attempt,
        "model": model,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "delivery": uuid7(),
    }


def _finished(conn: AnyConnection, row: Sequence[Any]) -> None:
    ours, smelt_id, tier, *end = row
    if not ours:
        raise LostLease
    changes.note(conn, smelt_id)
    note_end(conn, tier, end)


def fail_output(conn: Connection, claim: Claim, code: ErrorCode, _detail: str | None = None) -> None:
    """Fails an output for good; the others go on. Raises LostLease."""
    smelt = lock_smelt_of(conn, OUTPUTS, claim.id)
    claims.fail(conn, OUTPUTS, claim, code)
    advance(conn, smelt)


OUTPUTS = WorkTable(
    "smelt_outputs", "synthesize", SHORT_OUTPUT_SECONDS, of_smelt=True, fail=fail_output, claim=claim_output
)
