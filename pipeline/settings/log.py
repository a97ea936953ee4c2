"""Settings of the log."""

from enum import StrEnum

from pydantic import BaseModel, Field


class LogFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(BaseModel):
    log_format: LogFormat | None = Field(
        None, description="`json` or `text`; unset: `json` in production, else `text`"
    )
    log_level: LogLevel = Field(LogLevel.INFO, description="the least level that is logged")
