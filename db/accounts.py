"""A user's whole account: deleted, exported."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from db.profiles import keeps_own_users
from db.statement import parsed


def delete_smelts(conn: Connection, user_id: UUID, limit: int) -> list[UUID]:
    """Up to `limit` of the user's smelts, keys and parts with them; returns which. Locks them, by their ids.

    So a long history goes in short transactions, before `delete_account` takes the rest at once.
    """
    rows = conn.execute(
        parsed("select id from smelts where user_id = :id order by id limit :limit for update"),
        {"id": user_id, "limit": limit},
    )
    locked = [row.id for row in rows]
    conn.execute(parsed("delete from smelts where id = any (:ids)"), {"ids": locked})
    return locked


def delete_account(conn: Connection, user_id: UUID) -> list[UUID]:
    """Everything of the user's, keys included; returns the smelts whose objects are left to be deleted.

    What runs finds its rows gone and stops; a tombstone stays. Locks the user's smelts, in the order of their ids, then
    her profile, which admissions hold by their foreign key; then her other rows. For the service role.
    """
    return list(conn.execute(parsed("select smelt_meta.delete_user(:id)"), {"id": user_id}).scalars())


Tables = dict[str, list[dict[str, Any]]]


def export_account(conn: Connection, user_id: UUID) -> Tables:
    """Every row of the user's by table, in the columns that she may see. Run as that user: the policies choose."""
    return _exported(conn, user_id, _EXPORTS)


def export_hidden(conn: Connection, user_id: UUID) -> Tables:
    """What is stored of her besides, in columns that no user's role may read. For the service role."""
    own_users = {"users": _rows("id, email, created_at", "auth.users where id = :id")}
    return _exported(conn, user_id, _HIDDEN | (own_users if keeps_own_users(conn) else {}))


def _exported(conn: Connection, user_id: UUID, queries: Mapping[str, str]) -> Tables:
    return {
        name: list(conn.execute(parsed(sql), {"id": user_id}).scalars().all())
        for name, sql in queries.items()
    }


def _rows(columns: str, source: str, order: str = "created_at") -> str:
    return f"select to_jsonb(mine) from (select {columns} from {source} order by {order}) mine"


_HIDDEN = {
    "webhook_secrets": _rows("id, created_at, expires_at", "webhook_secrets where user_id = :id"),
    "idempotency_keys": _rows(
        "id as smelt_id, idempotency_key, created_at",
        "smelts where user_id = :id and idempotency_key is not null",
    ),
}
_OF_SMELTS = "join smelts on smelts.id = part.smelt_id where smelts.user_id = :id"
_EXPORTS = {
    "user_profiles": _rows("*", "user_profiles where user_id = :id"),
    "user_api_keys": _rows(
        "last_four, validated_at, created_at, updated_at", "user_api_keys where user_id = :id"
    ),
    "api_tokens": _rows(
        "id, name, last_four, last_used_at, expires_at, created_at", "api_tokens where user_id = :id"
    ),
    "prompt_sections": _rows("*", "prompt_sections where user_id = :id", "position, id"),
    "prompts": _rows("*", "prompts where user_id = :id", "section_id, position, id"),
    "smelts": _rows(
        """id, usage_date, tier, mode, status, error_code, default_prompt_names, user_prompt_id, language,
        webhook_url, warnings, content_ttl_seconds, content_expires_at, content_deleted_at, version, charged_at,
        created_at, updated_at, finished_at""",
        "smelts where user_id = :id",
    ),
    "smelt_files": _rows(
        """part.id, smelt_id, part.position, input_type, media_type, filename, size_bytes, duration_seconds,
        part.language, part.warnings, part.status, part.error_code, attempt, progress, part.created_at,
        part.started_at, part.finished_at""",
        f"smelt_files part {_OF_SMELTS}",
        "smelt_id, position",
    ),
    "smelt_outputs": _rows(
        """part.id, smelt_id, file_id, part.position, default_prompt_name, is_user_prompt, model, input_tokens,
        output_tokens, part.status, part.error_code, attempt, progress, part.created_at, part.started_at,
        part.finished_at""",
        f"smelt_outputs part {_OF_SMELTS}",
        "smelt_id, position",
    ),
    "webhook_deliveries": _rows(
        "id, smelt_id, event, smelt_version, response_status, status, error_code, attempt, created_at, finished_at",
        "webhook_deliveries where user_id = :id",
    ),
}
