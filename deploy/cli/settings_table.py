"""`smelt settings`: every setting with its value, default, source and meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from deploy.secrets import MADE, SECRETS_FILE, read_secrets
from deploy.supervisor.environment import ENVIRONMENT_NAMES
from pipeline.settings import Settings

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
    for field, info in Settings.model_fields.items():
        value = getattr(settings, field)
        source = "environment" if field in settings.model_fields_set else "default"
        if value is None and field in MADE and field in made:
            source, value = f"{settings.data_dir / SECRETS_FILE}", SecretStr("made")
        yield Row(
            ENVIRONMENT_NAMES[field], _shown(value), _shown(info.default), source, info.description or ""
        )


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)
