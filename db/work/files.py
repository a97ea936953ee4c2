"""The transcription of one file: begun, finished, failed. Each locks the smelt's row, then the file's."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.locks import LockedSmelt, lock_smelt_of
from db.smelts.settlement import advance, cancel_rows, count_parts
from db.statement import cached_text
from db.work import claims
from db.work.claims import Claim, WorkTable
from db.work.fair_queue import correct_cost, make_claimable
from db.work.outputs import OUTPUTS
from pipeline.errors import LostLease
from pipeline.fairness import SHORT_SECONDS, recording_cost, synthesis_cost
from pipeline.outcome import combines
from pipeline.smelt import Kept
from pipeline.speech.speakers import SpeakerBounds
from pipeline.states import Channels, ErrorCode, SmeltMode, SpeechTask, Tier

CHARACTERS_PER_SPOKEN_SECOND = 15


@dataclass(frozen=True, slots=True)
class FileJob:
    """What a worker needs to transcribe a file. `content_key` is wrapped; None once the content is deleted.

    `kept`: what was heard of it by earlier attempts.
    """

    smelt_id: UUID
    tenant: str
    tier: Tier
    language: str | None
    task: SpeechTask
    channels: Channels
    speakers: SpeakerBounds | None  # None: they aren't to be told apart
    content_key: bytes | None
    media_type: str
    cost: float  # seconds, as estimated or known by now
    kept: tuple[Kept, ...] = ()


def begin_file(conn: Connection, claim: Claim) -> FileJob:
    """The claimed file's job; its smelt is `transcribing` now. Locks the smelt's row. Raises LostLease."""
    row = conn.execute(
        cached_text(
            """
            update smelts set version = version + 1, updated_at = now(),
                status = case when status = 'pending' then 'transcribing' else status end
            where id = (select smelt_id from smelt_files where id = :id)
            returning id, tenant, tier, language, task, content_key, channels, speakers, min_speakers, max_speakers
            """
        ),
        {"id": claim.id},
    ).one_or_none()
    file = conn.execute(
        cached_text(
            """
            select media_type, cost, kept from smelt_files
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"id": claim.id, "attempt": claim.attempt},
    ).one_or_none()
    if row is None or file is None:
        raise LostLease
    changes.note(conn, row.id)
    kept = tuple(Kept(*line) for line in file.kept)
    return FileJob(
        row.id,
        row.tenant,
        Tier(row.tier),
        row.language,
        SpeechTask(row.task),
        Channels(row.channels),
        SpeakerBounds(row.min_speakers, row.max_speakers) if row.speakers else None,
        row.content_key,
        file.media_type,
        file.cost,
        kept,
    )


def note_duration(conn: Connection, claim: Claim, tenant: str, seconds: float) -> None:
    """What probing found: the recording's true length, which is also what it costs its tenant. Raises LostLease."""
    cost = recording_cost(seconds)
    correct_cost(conn, FILES, tenant, claim, cost, also=", duration_seconds = :seconds", seconds=seconds)


def correct_seconds(conn: Connection, claim: Claim, tenant: str, seconds: float) -> None:
    """What a recording costs its tenant, where it isn't as long as its size or its header said. Raises LostLease."""
    correct_cost(conn, FILES, tenant, claim, recording_cost(seconds))


def finish_file(
    conn: Connection,
    claim: Claim,
    language: str | None,
    seconds: float | None,
    warnings: Sequence[str] = (),
    *,
    speaker_seconds: Sequence[float] | None = None,
) -> None:
    """Records a transcript that lies in the content store under this attempt; what waited for it may run.

    `speaker_seconds`: of each speaker, by first appearance; None: they weren't told apart.

    Raises LostLease, and then nothing is recorded.
    """
    smelt = lock_smelt_of(conn, FILES, claim.id)
    claims.complete(conn, FILES, claim)
    conn.execute(
        cached_text(
            """
            update smelt_files set language = :language, duration_seconds = coalesce(:seconds, duration_seconds),
                warnings = cast(:warnings as text[]), speaker_seconds = cast(:speaker_seconds as float8[])
            where id = :id
            """
        ),
        {
            "id": claim.id,
            "language": language,
            "seconds": seconds,
            "warnings": list(warnings),
            "speaker_seconds": None if speaker_seconds is None else list(speaker_seconds),
        },
    )
    release_outputs(conn, smelt)
    advance(conn, smelt)


def fail_file(conn: Connection, claim: Claim, code: ErrorCode, detail: str | None = None) -> None:
    """Fails a file for good, and what depends on it: its own outputs, or, where it was to be combined, all but what is
    being combined without it, since it was canceled meanwhile.

    `detail`: what more is known than the code says, in the service's own words.
    """
    smelt = lock_smelt_of(conn, FILES, claim.id)
    claims.fail(conn, FILES, claim, code)
    if detail is not None:
        conn.execute(
            cached_text("update smelt_files set error_detail = :detail where id = :id"),
            {"id": claim.id, "detail": detail},
        )
    if combines(smelt.mode, count_parts(conn, smelt)):
        cancel_rows(conn, smelt, FILES.name)
        cancel_rows(conn, smelt, OUTPUTS.name, _WAITS_FOR_FILES)
    else:
        conn.execute(
            cached_text(
                """
                update smelt_outputs set status = 'failed', error_code = 'file_failed', run_at = null,
                    finished_at = now(), updated_at = now()
                where file_id = :id and status in ('waiting', 'pending')
                """
            ),
            {"id": claim.id},
        )
    advance(conn, smelt)


def release_outputs(conn: Connection, smelt: LockedSmelt) -> int:
    """Makes claimable the outputs whose inputs are all there, without the files that were canceled; those that are held
    have their finish times already. Returns how many. Locks the tenant's row of the fair queue.
    """
    rows = conn.execute(
        cached_text(_READY[smelt.mode]), {"id": smelt.id, "pace": CHARACTERS_PER_SPOKEN_SECOND}
    )
    ready = [(row.id, synthesis_cost(row.size)) for row in rows]
    make_claimable(conn, OUTPUTS, smelt.tenant, ready)
    return len(ready)


_WAITS_FOR_FILES = """
    smelt_outputs.status = 'waiting' and smelt_outputs.run_at is null and smelt_outputs.waiting_for is null
"""
_SIZE = "case when f.input_type = 'text' then f.size_bytes else coalesce(f.duration_seconds, 0) * :pace end"
_READY = {
    SmeltMode.SEPARATE: f"""
        select smelt_outputs.id, {_SIZE} as size
        from smelt_outputs join smelt_files f on f.id = smelt_outputs.file_id
        where smelt_outputs.smelt_id = :id and {_WAITS_FOR_FILES} and f.status = 'completed'
        order by f.position, smelt_outputs.position
    """,
    SmeltMode.COMBINE: f"""
        select id, (
            select sum({_SIZE}) from smelt_files f where f.smelt_id = :id and f.status = 'completed'
        ) as size
        from smelt_outputs
        where smelt_id = :id and {_WAITS_FOR_FILES}
            and not exists (
                select from smelt_files f where f.smelt_id = :id and f.status not in ('completed', 'canceled')
            )
            and exists (select from smelt_files f where f.smelt_id = :id and f.status = 'completed')
        order by position
    """,
}

FILES = WorkTable("smelt_files", "transcribe", SHORT_SECONDS, of_smelt=True, shares=True, fail=fail_file)
