"""Admission: a smelt is taken in, or refused, in one transaction that reserves what it will cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import psycopg
from psycopg.errors import RaiseException
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from db import changes
from db.accounts.profiles import UserGone
from db.one_exchange import AnyConnection, OneExchange, Row, Statement, execute_all
from db.outages import violated
from db.smelts.new_parts import NewParts
from db.smelts.new_smelt import NewSmelt
from db.smelts.reservation import Allowances, note_reservation, refuse, values_of
from db.smelts.taken_in import taken_in
from db.statement import cached_text
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from pipeline.metrics.accounting import work_added
from pipeline.smelt import Smelt
from pipeline.states import Tier


class IdempotencyRace(Exception):
    """Another smelt of this tenant has the same idempotency key: look it up."""


class PromptGone(Exception):
    """The chosen prompt was deleted in the meantime."""


class NotAsKnown(Exception):
    """The caller isn't, or may not, what they were and might when they posted last; or their key has made a smelt."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many parts are claimable at once, for the queue notifications."""

    files: int
    outputs: int


@dataclass(frozen=True, slots=True)
class TakenIn(Admitted):
    """`smelt`: as it is now, with its parts."""

    smelt: Smelt


@dataclass(frozen=True, slots=True)
class Existing:
    smelt_id: UUID
    tier: Tier
    fingerprint: bytes
    created_at: datetime


def find_by_idempotency_key(conn: Connection, tenant: str, key: str) -> Existing | None:
    """The tenant's smelt of the last 24 hours that was posted under this key."""
    row = conn.execute(
        cached_text(
            """
            select id, tier, request_fingerprint, created_at from smelts
            where tenant = :tenant and idempotency_key = :key and created_at > now() - interval '24 hours'
            """
        ),
        {"tenant": tenant, "key": key},
    ).one_or_none()
    return (
        None
        if row is None
        else Existing(row.id, Tier(row.tier), bytes(row.request_fingerprint), row.created_at)
    )


def admit(conn: AnyConnection, new: NewSmelt, allowances: Allowances) -> TakenIn:
    """Inserts the smelt with its parts, of which what is ready is claimable at once.

    Locks the new row, then the allowance that it draws on, then the tenant's rows of the fair queue, then the day's
    count. The key is looked at before the allowance, so that a repeated post is never told that its limit is used up.

    Raises IdempotencyRace, PromptGone, db.smelts.reservation.Refused, db.accounts.api_keys.KeyNotValid, UserGone.
    """
    parts = NewParts.of(new)
    admitting = (cached_text(_ADMIT), _admitting(new, parts, allowances))
    inserted, admitted = _insert(conn, new, admitting)
    if inserted is None and new.idempotency_key is not None:
        _free_old_key(conn, new.tenant, new.idempotency_key)
        inserted, admitted = _insert(conn, new, admitting)
    if inserted is None or admitted is None:
        raise IdempotencyRace
    refused, held = admitted
    refuse(conn, new.user_id, refused)
    return _taken_in(conn, new, parts, inserted, held=held)


def admit_known(
    conn: OneExchange, new: NewSmelt, allowances: Allowances, token_hash: bytes | None
) -> TakenIn:
    """The same of a caller who has posted before, and is taken to stand as then. `token_hash`: of their machine token.

    Nothing has to be looked at before, and the commit may travel along: where anything isn't well nothing changes.

    Raises NotAsKnown.
    """
    parts = NewParts.of(new)
    values = {**_admitting(new, parts, allowances), "token": token_hash}
    try:
        inserted, admitted = _insert(conn, new, (cached_text(_ADMIT_KNOWN), values))
    except (RaiseException, PromptGone, UserGone) as error:
        raise NotAsKnown from error
    if inserted is None or admitted is None:
        raise NotAsKnown
    return _taken_in(conn, new, parts, inserted, held=admitted[0])


def _taken_in(conn: AnyConnection, new: NewSmelt, parts: NewParts, inserted: Row, *, held: bool) -> TakenIn:
    created_at, expires_at = inserted
    note_reservation(conn, new.tier)
    for table, added in ((FILES, parts.recordings), (OUTPUTS, len(parts.outputs))):
        changes.count(conn, partial(work_added.labels(table.queue).inc, added))
    smelt = taken_in(new, parts.outputs, created_at, expires_at, held=held)
    return TakenIn(parts.files_ready, parts.outputs_ready, smelt)


def _admitting(new: NewSmelt, parts: NewParts, allowances: Allowances) -> dict[str, object]:
    return {
        "id": new.id,
        "cap": allowances.platform_daily_cap,
        **parts.values,
        **values_of(allowances),
    }


def _insert(conn: AnyConnection, new: NewSmelt, admitting: Statement) -> tuple[Row | None, Row | None]:
    """What the two statements return. None: the tenant has another smelt under this key, and nothing was inserted.

    Raises PromptGone, UserGone.
    """
    try:
        inserted, admitted = execute_all(conn, [(cached_text(_INSERT_SMELT), _values_of(new)), admitting])
    except (IntegrityError, psycopg.IntegrityError) as error:
        match violated(error):
            case "smelts_user_id_user_prompt_id_fkey":
                raise PromptGone from None
            case "smelts_user_id_fkey":
                raise UserGone from None
        raise
    return inserted.one_or_none(), admitted.one_or_none()


def _values_of(new: NewSmelt) -> Mapping[str, object]:
    return {
        "id": new.id,
        "user_id": new.user_id,
        "tenant": new.tenant,
        "tier": new.tier,
        "mode": new.mode,
        "names": [str(name) for name in new.default_prompt_names],
        "user_prompt_id": new.user_prompt_id,
        "language": new.language,
        "task": new.task,
        "content_key": new.content_key,
        "ttl": new.content_ttl_seconds,
        "max_age": new.content_max_age_seconds,
        "key": new.idempotency_key,
        "fingerprint": new.request_fingerprint,
        "webhook_url": new.webhook_url,
        "channels": new.channels,
        "speakers": new.speakers,
        "min_speakers": new.min_speakers,
        "max_speakers": new.max_speakers,
    }


_INSERT_SMELT = """
    insert into smelts (id, user_id, tenant, usage_date, tier, mode, default_prompt_names, user_prompt_id, language,
        task, content_key, content_ttl_seconds, content_expires_at, idempotency_key, request_fingerprint,
        webhook_url, channels, speakers, min_speakers, max_speakers)
    values (:id, :user_id, :tenant, (now() at time zone 'utc')::date, :tier, :mode,
        cast(:names as default_prompt_name[]), :user_prompt_id, :language, :task, :content_key, :ttl,
        now() + make_interval(secs => :max_age), :key, :fingerprint, :webhook_url, :channels, :speakers, :min_speakers,
        :max_speakers)
    on conflict (tenant, idempotency_key) where idempotency_key is not null do nothing
    returning created_at, content_expires_at
"""
# Of the row, if there is one. A statement of its own: foreign keys are looked at when a statement ends, and who waits
# there for a prompt that is being deleted would have the day's count locked, which is everybody's.
_ARGUMENTS = """
        s.id, s.user_id, s.tenant, s.tier,
        cast(:file_ids as uuid[]), cast(:kinds as input_type[]), cast(:media_types as text[]),
        cast(:filenames as text[]), cast(:sizes as bigint[]), cast(:file_costs as float8[]),
        cast(:output_ids as uuid[]), cast(:targets as uuid[]), cast(:prompts as default_prompt_name[]),
        cast(:output_costs as float8[]),
        :anonymous_daily, :cap, :uncharged_daily, :weekly, :key_check_seconds, :local_user
"""
_ADMIT = f"""
    select admitted.refused, admitted.held from smelts s, smelt_meta.admit({_ARGUMENTS}) admitted where s.id = :id
"""
_ADMIT_KNOWN = f"""
    select held from smelts s, smelt_meta.admit_known(cast(:token as bytea), {_ARGUMENTS}) held where s.id = :id
"""


def _free_old_key(conn: AnyConnection, tenant: str, key: str) -> None:
    conn.execute(
        cached_text(
            """
            update smelts set idempotency_key = null
            where tenant = :tenant and idempotency_key = :key and created_at <= now() - interval '24 hours'
            """
        ),
        {"tenant": tenant, "key": key},
    )
