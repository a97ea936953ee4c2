"""One log format for all processes: one line an event on standard output, rendered by structlog.

Modules log by the standard library, as the libraries beside them do. What an event belongs to (a request, a smelt, a
part) is bound by `bound` around the work, and stands on each line that is logged meanwhile; what else is to be searched
for goes into `extra`. Never content, never a secret: names, ids, codes, counts and times.

    {"time": "2026-11-27T08:00:00.123456Z", "level": "info", "process": "transcribe", "pid": 7, "logger": …, "event": …}
    2026-11-27T08:00:00.123456Z info    transcribe 7 workers.runner.run: done part=… attempt=1 seconds=0.52
"""

import json
import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from structlog.typing import Processor, WrappedLogger

from pipeline.settings import Env, Settings
from pipeline.settings.log import LogFormat
from pipeline.tracing.spans import trace_id

_LEADING = ("time", "level", "process", "pid", "logger", "event")

Event = MutableMapping[str, Any]


def configure(process: str, settings: Settings) -> None:
    """For this process, whose kind is `process`; what has been configured before is replaced."""
    usual = LogFormat.JSON if settings.env is Env.PRODUCTION else LogFormat.TEXT
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter(process, settings.log_format or usual))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)


def bound(**fields: object) -> AbstractContextManager[None]:
    """`fields` stand on each line that is logged within the block, by this thread or task."""
    return structlog.contextvars.bound_contextvars(**fields)


def bind(**fields: object) -> None:
    """The same to the end of the `bound` block that names these fields already, or of the task."""
    structlog.contextvars.bind_contextvars(**fields)


def bind_smelt(smelt_id: UUID, tenant: str) -> None:
    """What a piece of work turns out to belong to."""
    bind(smelt=str(smelt_id), tenant=tenant_tag(tenant))


def tenant_tag(tenant: str) -> str:
    """What tells one tenant's lines from another's, and no more: neither who it is nor its address."""
    return sha256(tenant.encode()).hexdigest()[:12]


def is_event(line: str, event: str) -> bool:
    """Whether a line, in either format, says `event` and nothing else."""
    if line.startswith("{"):
        try:
            told = json.loads(line)
        except ValueError:
            return False
        return isinstance(told, dict) and told.get("event") == event
    return line.endswith(f": {event}")


def formatter(process: str, form: LogFormat) -> logging.Formatter:
    """Renders each record as a line; only what is raised takes more, and only as text."""

    def name_process(_logger: WrappedLogger, _method: str, event: Event) -> Event:
        return {**event, "process": process, "pid": os.getpid()}

    def name_trace(_logger: WrappedLogger, _method: str, event: Event) -> Event:
        return event if (trace := trace_id()) is None else {**event, "trace": trace}

    def order(_logger: WrappedLogger, _method: str, event: Event) -> Event:
        event.pop("color_message", None)  # uvicorn's second copy of what it says, for terminals
        leading = {name: event.pop(name) for name in _LEADING}
        return leading | {name: event[name] for name in sorted(event) if event[name] is not None}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        name_process,
        name_trace,
    ]
    render: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        order,
        structlog.processors.JSONRenderer(ensure_ascii=False) if form is LogFormat.JSON else _as_text,
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render)


def _as_text(_logger: WrappedLogger, _method: str, event: Event) -> str:
    time, level, process, pid, logger, said = (event.pop(name) for name in _LEADING)
    trace = event.pop("exception", None)
    fields = "".join(f" {name}={_value(value)}" for name, value in event.items())
    line = f"{time} {level:<7} {process} {pid} {logger}: {said}{fields}".replace("\n", "\\n")
    return line if trace is None else f"{line}\n{trace}"


def _value(value: object) -> str:
    written = str(value)
    return json.dumps(written, ensure_ascii=False) if set(written) & set(' "=') else written
