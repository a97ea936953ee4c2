"""A user's whole account: deleted, exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.profiles import keeps_own_users
from db.statement import cached_text


def delete_smelts(conn: Connection, user_id: UUID, limit: int) -> list[UUID]:
    """Up to `limit` of the user's smelts, keys and parts with them; returns which. Locks them, by their ids.

    So a long history goes in short transactions, before `delete_account` takes the rest at once.
    """
    rows = conn.execute(
        cached_text("select id from smelts where user_id = :id order by id limit :limit for update"),
        {"id": user_id, "limit": limit},
    )
    locked = [row.id for row in rows]
    conn.execute(cached_text("delete from smelts where id = any (:ids)"), {"ids": locked})
    return locked


def delete_account(conn: Connection, user_id: UUID) -> list[UUID]:
    """Everything of the user's, keys included; returns the smelts whose objects are left to be deleted.

    What runs finds its rows gone and stops; a tombstone stays. Locks the user's smelts, in the order of their ids, then
    the profile, which admissions hold by their foreign key; then the user's other rows. For the service role.
    """
    return list(conn.execute(cached_text("select smelt_meta.delete_user(:id)"), {"id": user_id}).scalars())


@dataclass(frozen=True, slots=True)
class Table:
    """Of an export. `of_smelts`: which column says whose smelt's the rows are, if they are read by smelts, and
    `smelts_at_once` of how many. `hidden`: read as the service role, since no user's role may.
    """

    columns: str
    source: str
    order: str = "created_at"
    of_smelts: str | None = None
    smelts_at_once: int = 200
    hidden: bool = False


def find_tables(conn: Connection) -> dict[str, Table]:
    """What an export has. For the service role."""
    return EXPORTS | ({"users": USERS} if keeps_own_users(conn) else {})


def find_smelt_ids(conn: Connection, user_id: UUID) -> list[str]:
    """Of all the user's, the oldest first."""
    sql = "select coalesce(json_agg(id order by id), '[]') from smelts where user_id = :id"
    ids: list[str] = conn.execute(cached_text(sql), {"id": user_id}).scalar_one()
    return ids


def export_rows(conn: Connection, table: Table, user_id: UUID, smelt_ids: Sequence[str] = ()) -> str:
    """The user's rows as JSON objects, separated by commas, in the columns that the user may see.

    Run as that user, unless they are hidden: the policies choose. `smelt_ids`: of these smelts, where the table is
    read by smelts.
    """
    which = f"and {table.of_smelts} = any (cast(:smelt_ids as uuid[]))" if table.of_smelts else ""
    sql = f"""
        select coalesce(string_agg(to_jsonb(mine)::text, ','), '')
        from (select {table.columns} from {table.source} {which} order by {table.order}) mine
    """
    values: dict[str, object] = {"id": user_id}
    if table.of_smelts:
        values["smelt_ids"] = list(smelt_ids)
    return str(conn.execute(cached_text(sql), values).scalar_one())


_OF_SMELTS = "part join smelts on smelts.id = part.smelt_id where smelts.user_id = :id"
EXPORTS = {
    "user_profiles": Table("*", "user_profiles where user_id = :id"),
    "user_api_keys": Table(
        "last_four, validated_at, checked_at, created_at, updated_at", "user_api_keys where user_id = :id"
    ),
    "api_tokens": Table(
        "id, name, last_four, last_used_at, expires_at, created_at", "api_tokens where user_id = :id"
    ),
    "prompt_sections": Table("*", "prompt_sections where user_id = :id", "position, id"),
    "prompts": Table("*", "prompts where user_id = :id", "section_id, position, id"),
    "smelts": Table(
        """id, usage_date, tier, mode, status, error_code, default_prompt_names, user_prompt_id, language,
        task, webhook_url, warnings, content_ttl_seconds, content_expires_at, content_deleted_at, version, charged_at,
        created_at, updated_at, finished_at""",
        "smelts where user_id = :id",
        of_smelts="id",
    ),
    "smelt_files": Table(
        """part.id, smelt_id, part.position, input_type, media_type, filename, size_bytes, duration_seconds,
        part.language, part.warnings, part.status, waiting_for, part.error_code, error_detail, attempt, progress,
        part.created_at, part.started_at, part.finished_at""",
        f"smelt_files {_OF_SMELTS}",
        "smelt_id, position",
        of_smelts="part.smelt_id",
        smelts_at_once=1,  # a smelt has up to five thousand outputs
    ),
    "smelt_outputs": Table(
        """part.id, smelt_id, file_id, part.position, default_prompt_name, is_user_prompt, model, input_tokens,
        output_tokens, part.status, waiting_for, part.error_code, attempt, progress, part.created_at, part.started_at,
        part.finished_at""",
        f"smelt_outputs {_OF_SMELTS}",
        "smelt_id, position",
        of_smelts="part.smelt_id",
        smelts_at_once=1,  # a smelt has up to five thousand outputs
    ),
    "webhook_deliveries": Table(
        "id, smelt_id, event, smelt_version, response_status, status, error_code, attempt, created_at, finished_at",
        "webhook_deliveries where user_id = :id",
        of_smelts="smelt_id",
    ),
    "webhook_secrets": Table(
        "id, created_at, expires_at", "webhook_secrets where user_id = :id", hidden=True
    ),
    "idempotency_keys": Table(
        "id as smelt_id, idempotency_key, created_at",
        "smelts where user_id = :id and idempotency_key is not null",
        of_smelts="id",
        hidden=True,
    ),
}
USERS = Table("id, email, created_at", "auth.users where id = :id", hidden=True)
