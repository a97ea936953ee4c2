"""`smelt settings`: every setting with its value, default, source and meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from deploy.secrets import MADE, SECRETS_FILE, read_secrets
from deploy.supervisor.environment import ENVIRONMENT_NAMES
from pipeline.processes.cores import cores
from pipeline.settings import Settings
from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.engine_settings import ModelUnavailable
from workers.pools.slots import speech_engine

_FIELDS = {"lanes": "transcribe_lanes"}  # of the engine's, that aren't named after it
MASK = "********"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str
    default: str
    source: str
    meaning: str


def rows(settings: Settings) -> Iterator[Row]:
    """One for each setting, in the order of their definition. A secret's value is never in them."""
    made = read_secrets(settings.data_dir / SECRETS_FILE)
    chosen = dict(_chosen(settings))
    for field, info in Settings.model_fields.items():
        value = getattr(settings, field)
        source = "environment" if field in settings.model_fields_set else "default"
        if value is None and field in MADE and field in made:
            source, value = f"{settings.data_dir / SECRETS_FILE}", SecretStr("made")
        if field in chosen:
            value, why = chosen[field]
            source = f"chosen: {why}"
        yield Row(
            ENVIRONMENT_NAMES[field],
            _shown(value),
            _shown(info.get_default(call_default_factory=True, validated_data={})),
            source,
            info.description or "",
        )


def _chosen(settings: Settings) -> Iterator[tuple[str, tuple[object, str]]]:
    """What a worker on this machine would choose where a setting of the speech model is left open, and why."""
    asked = speech_engine(settings)
    try:
        choice = choose_engine(asked)
    except ModelUnavailable:  # the worker says it
        return
    for name, why in choice.reasons.items():
        yield _FIELDS.get(name, f"whisper_{name}"), (getattr(choice.engine, name), why)
    if not settings.whisper_threads:
        yield (
            "whisper_threads",
            (asked.threads, f"of {cores()} cores, for each of the slots for long recordings"),
        )


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)
