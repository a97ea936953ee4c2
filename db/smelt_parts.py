"""Reads the parts of a smelt. The role of the transaction decides which are seen.

All of a kind come as one JSON value: six thousand parts, row by row and cell by cell, took 0.4 s of Python.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from db.statement import parsed
from pipeline.smelt import SmeltFile, SmeltOutput
from pipeline.states import DefaultPromptName, ErrorCode, InputType, WorkStatus

_FILES = """
    select id, position, input_type, media_type, filename, size_bytes, duration_seconds, language, status, error_code,
        attempt, progress
    from smelt_files where smelt_id = :smelt_id
"""
_OUTPUTS = """
    select id, file_id, position, default_prompt_name, is_user_prompt, status, error_code, attempt, progress, model,
        input_tokens, output_tokens
    from smelt_outputs where smelt_id = :smelt_id
"""

Values = dict[str, Any]


def get_files(conn: Connection, smelt_id: UUID) -> tuple[SmeltFile, ...]:
    """By position."""
    return tuple(_file(values) for values in _all(conn, _FILES, smelt_id))


def get_outputs(conn: Connection, smelt_id: UUID) -> tuple[SmeltOutput, ...]:
    """By position."""
    return tuple(_output(values) for values in _all(conn, _OUTPUTS, smelt_id))


def get_file(conn: Connection, smelt_id: UUID, file_id: UUID) -> SmeltFile | None:
    values = _one(conn, _FILES, smelt_id, file_id)
    return None if values is None else _file(values)


def get_output(conn: Connection, smelt_id: UUID, output_id: UUID) -> SmeltOutput | None:
    values = _one(conn, _OUTPUTS, smelt_id, output_id)
    return None if values is None else _output(values)


def _all(conn: Connection, parts: str, smelt_id: UUID) -> list[Values]:
    sql = f"select coalesce(json_agg(part order by position), '[]') from ({parts}) part"
    found: list[Values] = conn.execute(parsed(sql), {"smelt_id": smelt_id}).scalar_one()
    return found


def _one(conn: Connection, parts: str, smelt_id: UUID, part_id: UUID) -> Values | None:
    sql = f"select to_json(part) from ({parts} and id = :part_id) part"
    found: Values | None = conn.execute(
        parsed(sql), {"smelt_id": smelt_id, "part_id": part_id}
    ).scalar_one_or_none()
    return found


def _file(values: Values) -> SmeltFile:
    values["id"] = UUID(values["id"])
    values["input_type"] = InputType(values["input_type"])
    values["status"] = WorkStatus(values["status"])
    values["error_code"] = _error(values["error_code"])
    return SmeltFile(**values)


def _output(values: Values) -> SmeltOutput:
    name, file_id = values["default_prompt_name"], values["file_id"]
    values["id"] = UUID(values["id"])
    values["file_id"] = None if file_id is None else UUID(file_id)
    values["default_prompt_name"] = None if name is None else DefaultPromptName(name)
    values["status"] = WorkStatus(values["status"])
    values["error_code"] = _error(values["error_code"])
    return SmeltOutput(**values)


def _error(value: str | None) -> ErrorCode | None:
    return None if value is None else ErrorCode(value)
