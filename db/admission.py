"""Admission: a smelt is taken in, or refused, in one transaction that reserves what it will cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from db.fair_tags import make_claimable
from db.files import release_outputs
from db.locks import LockedSmelt
from db.profiles import UserGone
from db.reservation import Allowances, count_for_platform, reserve
from db.statement import parsed
from db.work import FILES
from pipeline.fairness import transcription_cost
from pipeline.states import DefaultPromptName, InputType, SmeltMode, SmeltStatus, Tier


class IdempotencyRace(Exception):
    """Another smelt of this tenant has the same idempotency key: look it up."""


class PromptGone(Exception):
    """The chosen prompt was deleted in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    id: UUID
    input_type: InputType
    media_type: str | None
    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSmelt:
    """A smelt whose content lies in the store already. `content_key`: wrapped."""

    id: UUID
    user_id: UUID | None
    tenant: str
    tier: Tier
    mode: SmeltMode
    default_prompt_names: Sequence[DefaultPromptName]
    user_prompt_id: UUID | None
    language: str | None
    warnings: Sequence[str]
    content_key: bytes
    content_ttl_seconds: int
    content_max_age_seconds: int
    idempotency_key: str | None
    request_fingerprint: bytes | None
    files: Sequence[NewFile]
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many parts are claimable at once, for the doorbell."""

    files: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Existing:
    smelt_id: UUID
    fingerprint: bytes
    created_at: datetime


def find_by_idempotency_key(conn: Connection, tenant: str, key: str) -> Existing | None:
    """The tenant's smelt of the last 24 hours that was posted under this key."""
    row = conn.execute(
        parsed(
            """
            select id, request_fingerprint, created_at from smelts
            where tenant = :tenant and idempotency_key = :key and created_at > now() - interval '24 hours'
            """
        ),
        {"tenant": tenant, "key": key},
    ).one_or_none()
    return None if row is None else Existing(row.id, bytes(row.request_fingerprint), row.created_at)


def admit(conn: Connection, new: NewSmelt, allowances: Allowances) -> Admitted:
    """Inserts the smelt with its parts and makes claimable what is ready.

    Locks the new row, then the allowance that it draws on, then the tenant's tags, then the day's count. The key is
    looked at before the allowance, so that a repeated post is never told that its limit is used up.

    Raises IdempotencyRace, PromptGone, db.reservation.Refused, UserGone.
    """
    _insert_smelt(conn, new)
    reserve(conn, new.user_id, new.tenant, new.tier, allowances)
    _insert_files(conn, new)
    _insert_outputs(conn, new)
    smelt = LockedSmelt(
        new.id, new.user_id, new.tenant, new.tier, new.mode, SmeltStatus.PENDING, charged=False
    )
    recordings = [
        (file.id, transcription_cost(file.size_bytes))
        for file in new.files
        if file.input_type is InputType.AUDIO
    ]
    make_claimable(conn, FILES, new.tenant, recordings)
    outputs = release_outputs(conn, smelt)
    count_for_platform(conn, new.tier, allowances)
    return Admitted(len(recordings), outputs)


def _insert_smelt(conn: Connection, new: NewSmelt) -> None:
    values: dict[str, object] = {
        "id": new.id,
        "user_id": new.user_id,
        "tenant": new.tenant,
        "tier": new.tier,
        "mode": new.mode,
        "names": [str(name) for name in new.default_prompt_names],
        "user_prompt_id": new.user_prompt_id,
        "language": new.language,
        "warnings": list(new.warnings),
        "content_key": new.content_key,
        "ttl": new.content_ttl_seconds,
        "max_age": new.content_max_age_seconds,
        "key": new.idempotency_key,
        "fingerprint": new.request_fingerprint,
        "webhook_url": new.webhook_url,
    }
    try:
        inserted = _try_to_insert(conn, values)
        if not inserted and new.idempotency_key is not None:
            _free_old_key(conn, new.tenant, new.idempotency_key)
            inserted = _try_to_insert(conn, values)
    except IntegrityError as error:
        if "user_prompt_id" in str(error.orig):
            raise PromptGone from None
        if "smelts_user_id_fkey" in str(error.orig):
            raise UserGone from None
        raise
    if not inserted:
        raise IdempotencyRace


def _try_to_insert(conn: Connection, values: dict[str, object]) -> bool:
    """False: the tenant has another smelt under this key."""
    return conn.execute(parsed(_INSERT_SMELT), values).one_or_none() is not None


_INSERT_SMELT = """
    insert into smelts (id, user_id, tenant, usage_date, tier, mode, default_prompt_names, user_prompt_id, language,
        warnings, content_key, content_ttl_seconds, content_expires_at, idempotency_key, request_fingerprint,
        webhook_url)
    values (:id, :user_id, :tenant, (now() at time zone 'utc')::date, :tier, :mode,
        cast(:names as default_prompt_name[]), :user_prompt_id, :language, :warnings, :content_key, :ttl,
        now() + make_interval(secs => :max_age), :key, :fingerprint, :webhook_url)
    on conflict (tenant, idempotency_key) where idempotency_key is not null do nothing
    returning id
"""


def _free_old_key(conn: Connection, tenant: str, key: str) -> None:
    conn.execute(
        parsed(
            """
            update smelts set idempotency_key = null
            where tenant = :tenant and idempotency_key = :key and created_at <= now() - interval '24 hours'
            """
        ),
        {"tenant": tenant, "key": key},
    )


def _insert_files(conn: Connection, new: NewSmelt) -> None:
    """Recordings wait for their tags; texts are ready as they are."""
    conn.execute(
        parsed(
            """
            insert into smelt_files (id, smelt_id, position, input_type, media_type, filename, size_bytes, status,
                progress, finished_at)
            select id, :smelt_id, position - 1, kind, media_type, filename, size,
                case kind when 'text' then 'completed'::work_status else 'waiting' end,
                case kind when 'text' then 1 else 0 end,
                case kind when 'text' then now() end
            from unnest(cast(:ids as uuid[]), cast(:kinds as input_type[]), cast(:media_types as text[]),
                cast(:filenames as text[]), cast(:sizes as bigint[]))
                with ordinality as file (id, kind, media_type, filename, size, position)
            """
        ),
        {
            "smelt_id": new.id,
            "ids": [file.id for file in new.files],
            "kinds": [str(file.input_type) for file in new.files],
            "media_types": [file.media_type for file in new.files],
            "filenames": [file.filename for file in new.files],
            "sizes": [file.size_bytes for file in new.files],
        },
    )


def _insert_outputs(conn: Connection, new: NewSmelt) -> None:
    """One row per prompt: for each file, or for all together. They wait for their inputs."""
    prompts: list[str | None] = [str(name) for name in new.default_prompt_names]
    if new.user_prompt_id is not None:
        prompts.append(None)
    targets: list[UUID | None] = [None] if new.mode is SmeltMode.COMBINE else [file.id for file in new.files]
    pairs = [(target, prompt) for target in targets for prompt in prompts]
    if not pairs:
        return
    conn.execute(
        parsed(
            """
            insert into smelt_outputs (id, smelt_id, file_id, position, default_prompt_name, is_user_prompt)
            select id, :smelt_id, file_id, position - 1, prompt, prompt is null
            from unnest(cast(:ids as uuid[]), cast(:files as uuid[]), cast(:prompts as default_prompt_name[]))
                with ordinality as output (id, file_id, prompt, position)
            """
        ),
        {
            "smelt_id": new.id,
            "ids": [uuid7() for _ in pairs],
            "files": [target for target, _ in pairs],
            "prompts": [prompt for _, prompt in pairs],
        },
    )
