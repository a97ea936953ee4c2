"""Reads the parts of a smelt. The role of the transaction decides which are seen."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from pipeline.smelt import Kept, SmeltFile, SmeltOutput
from pipeline.states import DefaultPromptName, ErrorCode, InputType, WaitingFor, WorkStatus

_FILES = """
    select id, position, input_type, media_type, filename, size_bytes, duration_seconds, language, status, waiting_for,
        error_code, error_detail, attempt, progress, warnings, speaker_seconds, kept
    from smelt_files where smelt_id = :smelt_id
"""
_OUTPUTS = """
    select id, file_id, position, default_prompt_name, is_user_prompt, status, waiting_for, error_code, attempt,
        progress, model, input_tokens, output_tokens
    from smelt_outputs where smelt_id = :smelt_id
"""

Values = dict[str, Any]


def get_files(conn: Connection, smelt_id: UUID) -> tuple[SmeltFile, ...]:
    """By position."""
    return tuple(map(_file, _all(conn, _FILES, smelt_id)))


def get_outputs(conn: Connection, smelt_id: UUID) -> tuple[SmeltOutput, ...]:
    """By position."""
    return tuple(map(_output, _all(conn, _OUTPUTS, smelt_id)))


def get_file(conn: Connection, smelt_id: UUID, file_id: UUID) -> SmeltFile | None:
    values = _one(conn, _FILES, smelt_id, file_id)
    return None if values is None else _file(values)


def get_output(conn: Connection, smelt_id: UUID, output_id: UUID) -> SmeltOutput | None:
    values = _one(conn, _OUTPUTS, smelt_id, output_id)
    return None if values is None else _output(values)


def _all(conn: Connection, parts: str, smelt_id: UUID) -> Iterator[Values]:
    return _read(conn, f"{parts} order by position", {"smelt_id": smelt_id})


def _one(conn: Connection, parts: str, smelt_id: UUID, part_id: UUID) -> Values | None:
    return next(_read(conn, f"{parts} and id = :id", {"smelt_id": smelt_id, "id": part_id}), None)


def _read(conn: Connection, sql: str, values: dict[str, UUID]) -> Iterator[Values]:
    """Not by SQLAlchemy's mappings, which take longer than all the rest: there may be six thousand parts."""
    result = conn.execute(cached_text(sql), values)
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for row in result)


def _file(values: Values) -> SmeltFile:
    values["input_type"] = InputType(values["input_type"])
    values["warnings"] = tuple(values["warnings"])
    seconds = values["speaker_seconds"]
    values["speaker_seconds"] = None if seconds is None else tuple(seconds)
    values["kept"] = tuple(Kept(*line) for line in values["kept"])
    values["status"] = WorkStatus(values["status"])
    values["waiting_for"] = _outage(values["waiting_for"])
    values["error_code"] = _error(values["error_code"])
    return SmeltFile(**values)


def _output(values: Values) -> SmeltOutput:
    name = values["default_prompt_name"]
    values["default_prompt_name"] = None if name is None else DefaultPromptName(name)
    values["status"] = WorkStatus(values["status"])
    values["waiting_for"] = _outage(values["waiting_for"])
    values["error_code"] = _error(values["error_code"])
    return SmeltOutput(**values)


def _outage(value: str | None) -> WaitingFor | None:
    return None if value is None else WaitingFor(value)


def _error(value: str | None) -> ErrorCode | None:
    return None if value is None else ErrorCode(value)
