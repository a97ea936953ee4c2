"""The settings: the one place that reads the environment. Each group of them has a file of its own here.

Libraries' usual names (`DATABASE_URL`, `REDIS_URL`, `OPENAI_API_KEY`) are kept; everything else begins with
`SMELT_`. Durations are seconds, sizes bytes. `smelt settings` prints this table. Imports the forms that values have,
and nothing that uses them.
"""

from dataclasses import astuple
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.limits import Limits
from pipeline.settings.allowances import AllowanceSettings
from pipeline.settings.content import ContentSettings
from pipeline.settings.engines import EngineSettings
from pipeline.settings.http import HttpSettings
from pipeline.settings.identity import IdentitySettings
from pipeline.settings.log import LogSettings
from pipeline.settings.models import ModelSettings
from pipeline.settings.tracing import TracingSettings
from pipeline.settings.work import WorkSettings
from pipeline.states import Tier


class Env(StrEnum):
    """Where the service runs."""

    LOCAL = "local"
    PRODUCTION = "production"


MODEL_FILE_SUFFIX = ".gguf"


class SettingMissing(Exception):
    """A part of the service can't start without this setting."""


class GeneralSettings(BaseModel):
    env: Env = Field(Env.LOCAL, description="`production` refuses made-up secrets and embedded engines")
    data_dir: Path = Field(Path("data"), description="folder of the embedded engines, content and secrets")


class Settings(
    AllowanceSettings,
    WorkSettings,
    ModelSettings,
    IdentitySettings,
    ContentSettings,
    EngineSettings,
    HttpSettings,
    TracingSettings,
    LogSettings,
    GeneralSettings,
    BaseSettings,
):
    """All of them. The order of the groups is the reverse: pydantic begins with the last."""

    model_config = SettingsConfigDict(
        env_prefix="SMELT_",
        env_ignore_empty=True,  # `OPENAI_API_KEY=` in a file of settings is no key
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        frozen=True,
    )

    @classmethod
    def from_env(cls) -> Self:
        """Raises pydantic's ValidationError, which names each bad setting without its value."""
        return cls()

    def limits(self, tier: Tier) -> Limits:
        signed_in = tier is not Tier.ANONYMOUS
        return Limits(
            inputs=getattr(self, f"{tier}_inputs"),
            audio_bytes=getattr(self, f"{tier}_audio_bytes"),
            audio_seconds=getattr(self, f"{tier}_audio_seconds"),
            text_bytes=getattr(self, f"{tier}_text_bytes"),
            smelt_bytes=getattr(self, f"{tier}_smelt_bytes"),
            combine=signed_in,
            own_prompts=signed_in,
        )

    def widest_limits(self) -> Limits:
        """By each measure, the most that any tier has."""
        return Limits(*map(max, zip(*(astuple(self.limits(tier)) for tier in Tier), strict=True)))

    def need(self, field: str) -> str:
        """The value of a setting without which nothing goes, secrets in the clear. Raises SettingMissing."""
        value = getattr(self, field)
        if value is None:
            raise SettingMissing(f"{variable(field)} is not set")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    @property
    def has_llm(self) -> bool:
        """Whether a language model is set; without one the extractive engine answers."""
        return self.llm_base_url is not None or self.openai_api_key is not None

    @property
    def llm_is_file(self) -> bool:
        """Whether the model is a file to serve here. With a server of one's own, the name is that server's matter."""
        return self.llm_base_url is None and self.llm_model.lower().endswith(MODEL_FILE_SUFFIX)


def variable(field: str) -> str:
    """The environment variable that a setting is read from."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"SMELT_{field.upper()}"


SECRET_FIELDS = frozenset(
    field for field, info in Settings.model_fields.items() if info.annotation == SecretStr | None
)
SECRET_NAMES = frozenset(map(variable, SECRET_FIELDS))
