"""Reads smelts; their parts: `db/smelts/smelt_parts.py`. The role of the transaction decides which are seen."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Row

from db.smelts.smelt_parts import get_files, get_outputs
from db.statement import cached_text
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.states import (
    Channels,
    DefaultPromptName,
    ErrorCode,
    SmeltMode,
    SmeltStatus,
    SpeechTask,
    Tier,
    WaitingFor,
    WorkStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmeltFilter:
    """`after`: the (created_at, id) of the last smelt of the page before."""

    user_id: UUID
    limit: int
    status: SmeltStatus | None = None
    mode: SmeltMode | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    after: tuple[datetime, UUID] | None = None


_SMELT = """
    select id, user_id, tier, mode, channels, status, error_code,
        default_prompt_names::text[] as default_prompt_names, user_prompt_id, language, webhook_url, warnings, version,
        content_ttl_seconds, content_expires_at, content_deleted_at, created_at, finished_at
    from smelts
"""


def get_head(conn: Connection, smelt_id: UUID) -> Smelt | None:
    """The smelt without its parts, if the role may see it."""
    row = conn.execute(cached_text(f"{_SMELT} where id = :id"), {"id": smelt_id}).one_or_none()
    return None if row is None else _smelt(row)


def get_task(conn: Connection, smelt_id: UUID) -> SpeechTask | None:
    """What is to become of its recordings. None: there is no such smelt, or the role may not see it."""
    query = cached_text("select task from smelts where id = :id")
    task = conn.execute(query, {"id": smelt_id}).scalar_one_or_none()
    return None if task is None else SpeechTask(task)


def get_smelt(conn: Connection, smelt_id: UUID) -> Smelt | None:
    """The smelt with its parts, if the role may see it."""
    head = get_head(conn, smelt_id)
    return None if head is None else with_parts(conn, head)


def with_parts(conn: Connection, head: Smelt) -> Smelt:
    """A smelt that was read without its parts. They may be newer than the head, never older."""
    return replace(head, files=get_files(conn, head.id), outputs=get_outputs(conn, head.id))


def with_holds(conn: Connection, smelt: Smelt) -> Smelt:
    """The same, whose parts say it where their queue is held: no row of theirs does. For the service role."""
    held = frozenset(conn.execute(cached_text("select queue from holds where queue is not null")).scalars())
    if not held or smelt.status.terminal:
        return smelt
    files = tuple(_in_held_queue(file) if FILES.queue in held else file for file in smelt.files)
    outputs = tuple(_in_held_queue(output) if OUTPUTS.queue in held else output for output in smelt.outputs)
    return replace(smelt, files=files, outputs=outputs)


def find_page(conn: Connection, wanted: SmeltFilter) -> list[tuple[datetime, UUID]]:
    """(created_at, id) of the user's own, newest first. For the service role; `list_smelts` reads them as the user."""
    query, values = page_query(wanted)
    return [(row.created_at, row.id) for row in conn.execute(cached_text(query), values)]


def page_query(wanted: SmeltFilter) -> tuple[str, dict[str, object]]:
    """`find_page` as SQL, and what is bound to it.

    For each status and mode that is wanted one walk along the index `smelts_list`, no longer than a page and past
    nothing else. So it costs the same for what is rare among a million as for what isn't. Each walk is ordered by all
    that the index is: below a policy Postgres doesn't conclude that rows of one status are in order without it. Nor
    does it look an enum up in an index for a user's role, since a comparison that fails could tell of others' rows.
    """
    wheres = ["user_id = :user_id", "status = of_status", "mode = of_mode"]
    values: dict[str, object] = {
        "user_id": wanted.user_id,
        "limit": wanted.limit,
        "statuses": [wanted.status] if wanted.status else list(SmeltStatus),
        "modes": [wanted.mode] if wanted.mode else list(SmeltMode),
    }
    if wanted.created_after is not None:
        wheres.append("created_at > :created_after")
        values["created_after"] = wanted.created_after
    if wanted.created_before is not None:
        wheres.append("created_at < :created_before")
        values["created_before"] = wanted.created_before
    if wanted.after is not None:
        wheres.append("(created_at, id) < (:last_created_at, :last_id)")
        values["last_created_at"], values["last_id"] = wanted.after
    newest = "created_at desc, id desc limit :limit"
    return (
        f"""
        select walk.* from unnest(cast(:statuses as smelt_status[])) of_status,
            unnest(cast(:modes as smelt_mode[])) of_mode,
            lateral (
                select id, created_at from smelts where {" and ".join(wheres)} order by status, mode, {newest}
            ) walk
        order by {newest}
        """,
        values,
    )


def list_smelts(conn: Connection, smelt_ids: Collection[UUID]) -> list[Smelt]:
    """Those that the role may see, newest first, without their parts."""
    rows = conn.execute(
        cached_text(f"{_SMELT} where id = any (:ids) order by created_at desc, id desc"),
        {"ids": list(smelt_ids)},
    )
    return [_smelt(row) for row in rows]


def find_queue_positions(conn: Connection, smelt_ids: Collection[UUID], most: int = 1_000) -> dict[UUID, int]:
    """The place in the queue of each of these smelts' claimable files, from 1; no further back than `most`. None has
    one while the queue is held.

    One walk along the queue's head, however many files there are. For the service role.
    """
    rows = conn.execute(
        cached_text(
            """
            with head as (
                select id, row_number() over (order by fair_key, id) as place
                from smelt_files where status = 'pending' order by fair_key, id limit :most
            )
            select mine.id, coalesce(head.place, :most) as place
            from smelt_files mine left join head on head.id = mine.id
            where mine.smelt_id = any (:ids) and mine.status = 'pending'
                and not exists (select from holds where queue = 'transcribe')
            """
        ),
        {"ids": list(smelt_ids), "most": most},
    )
    return {row.id: int(row.place) for row in rows}


def get_versions(conn: Connection, smelt_ids: Collection[UUID]) -> dict[UUID, int]:
    """The versions of those of the smelts that are there still. For the service role."""
    rows = conn.execute(
        cached_text("select id, version from smelts where id = any (:ids)"), {"ids": list(smelt_ids)}
    )
    return {row.id: int(row.version) for row in rows}


def _smelt(row: Row[Any]) -> Smelt:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping
    values["tier"] = Tier(row.tier)
    values["mode"] = SmeltMode(row.mode)
    values["channels"] = Channels(row.channels)
    values["status"] = SmeltStatus(row.status)
    values["error_code"] = None if row.error_code is None else ErrorCode(row.error_code)
    values["default_prompt_names"] = tuple(DefaultPromptName(name) for name in row.default_prompt_names)
    values["warnings"] = tuple(row.warnings)
    return Smelt(**values)


P = TypeVar("P", SmeltFile, SmeltOutput)


def _in_held_queue(part: P) -> P:
    return replace(part, waiting_for=WaitingFor.HOLD) if part.status is WorkStatus.PENDING else part


def find_unfinished(conn: Connection, smelt_ids: Collection[UUID]) -> set[UUID]:
    """Those of the smelts that exist and haven't ended: asked for many at once, and often. For the service role; locks
    nothing.
    """
    rows = conn.execute(
        cached_text(
            "select id from smelts where id = any (:ids) and status not in ('completed', 'failed', 'canceled')"
        ),
        {"ids": list(smelt_ids)},
    )
    return {row.id for row in rows}
