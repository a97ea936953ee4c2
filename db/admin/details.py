"""All that is known of one smelt, without what its owner called anything."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text

Row = Mapping[str, Any]

_WORK = """
    status, waiting_for, error_code, attempt, failures, progress, cost, run_at, lease_until, created_at, started_at,
    finished_at
"""


def find_smelt_of(conn: Connection, given: UUID) -> UUID | None:
    """The smelt with this id, or of the file, output or webhook with it."""
    return conn.execute(
        cached_text(
            """
            select id from smelts where id = :id
            union all select smelt_id from smelt_files where id = :id
            union all select smelt_id from smelt_outputs where id = :id
            union all select smelt_id from webhook_deliveries where id = :id
            """
        ),
        {"id": given},
    ).scalar_one_or_none()


def get_details(conn: Connection, smelt_id: UUID) -> dict[str, Row | list[Row]]:
    """`smelt`, `files`, `outputs`, `deliveries`. Raises NoResultFound."""
    smelt = conn.execute(
        cached_text(
            """
            select id, tenant, tier, mode, status, error_code, version, language,
                user_prompt_id is not null as has_own_prompt, webhook_url is not null as has_webhook, charged_at,
                created_at, updated_at, finished_at, content_expires_at, content_deleted_at
            from smelts where id = :id
            """
        ),
        {"id": smelt_id},
    ).mappings()
    return {
        "smelt": dict(smelt.one()),
        "files": _rows(
            conn,
            f"""
            select id, position, input_type, media_type, size_bytes, duration_seconds, language, alone, {_WORK}
            from smelt_files where smelt_id = :id order by position
            """,
            smelt_id,
        ),
        "outputs": _rows(
            conn,
            f"""
            select id, file_id, position, default_prompt_name, model, input_tokens, output_tokens, {_WORK}
            from smelt_outputs where smelt_id = :id order by position
            """,
            smelt_id,
        ),
        "deliveries": _rows(
            conn,
            f"""
            select id, event, smelt_version, response_status, {_WORK}
            from webhook_deliveries where smelt_id = :id order by created_at, id
            """,
            smelt_id,
        ),
    }


def _rows(conn: Connection, sql: str, smelt_id: UUID) -> list[Row]:
    return [dict(row) for row in conn.execute(cached_text(sql), {"id": smelt_id}).mappings()]
