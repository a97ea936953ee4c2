"""The settings: the one place that reads the environment.

Libraries' usual names (`DATABASE_URL`, `REDIS_URL`, `OPENAI_API_KEY`) are kept; everything else begins with
`SMELT_`. Durations are seconds, sizes bytes. `smelt settings` prints this table.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline import limits
from pipeline.env import Env
from pipeline.limits import Limits
from pipeline.setting_forms import CommaSeparated, ContentUrl, KeyRingText, Networks, PostgresUrl, RedisUrl
from pipeline.states import Tier

DEMO_MODEL = "demo"


class SettingMissing(Exception):
    """A part of the service can't start without this setting."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SMELT_",
        env_ignore_empty=True,  # `OPENAI_API_KEY=` in a file of settings is no key
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        frozen=True,
    )

    env: Env = Field(Env.LOCAL, description="`production` refuses made-up secrets and embedded engines")
    data_dir: Path = Field(Path("data"), description="folder of the embedded engines, content and secrets")

    # The HTTP service
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the API listens on; 0 lets the system choose")
    cors_origins: CommaSeparated = Field(
        (), description="origins allowed to call from a browser, separated by commas"
    )
    trusted_proxies: Networks = Field(
        (), description="networks whose SMELT_FORWARDED_HEADER is believed, separated by commas"
    )
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = Field(
        "x-forwarded-for", description="the header in which those proxies name the client; no other is read"
    )

    heartbeat_seconds: float = Field(
        15.0, gt=0, description="seconds of silence in an event stream before a sign of life is sent"
    )

    # Engines
    database_url: PostgresUrl = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="Postgres 15+; unset: embedded",
    )
    migration_database_url: PostgresUrl = Field(
        None, description="the schema owner's URL for `smelt migrate`; unset: DATABASE_URL"
    )
    redis_url: RedisUrl = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Redis 7+ or Valkey; unset: embedded",
    )
    redis_namespace: str = Field("smelt", description="prefix of every key in Redis")
    database_pool: int = Field(10, ge=1, description="most connections to Postgres of one process")

    # Content
    content_url: ContentUrl = Field(
        None,
        description="content store: file://, s3://, gs:// or az:// URL; unset: a folder in SMELT_DATA_DIR",
    )
    content_ttl: int = Field(
        86_400, ge=60, le=604_800, description="seconds that content outlives its smelt's end"
    )
    content_max_age: int = Field(
        604_800, ge=60, description="seconds after admission when content goes at the latest"
    )
    keyring: KeyRingText = Field(
        None,
        description="keys that wrap content keys, `id:base64` separated by commas, the current one first",
    )

    # Identity
    jwt_secret: SecretStr | None = Field(None, description="HS256 secret of the sign-in service")
    jwt_jwks_url: str | None = Field(
        None, description="URL of the sign-in service's public keys (ES256, RS256)"
    )
    jwt_audience: str = Field("authenticated", description="audience that a sign-in token must name")
    jwt_issuer: str | None = Field(None, description="issuer that a sign-in token must name, if set")
    ip_hash_secret: SecretStr | None = Field(
        None, description="keys the hashes of addresses, request fingerprints and anonymous tokens"
    )

    # Speech
    whisper_model: str = Field(
        "base", description="model name, local folder, or `demo` (66 words, for trying out)"
    )
    whisper_device: str = Field("auto", description="`cpu`, `cuda` or `auto`")
    whisper_compute_type: str = Field(
        "default", description="CTranslate2 compute type, such as `int8`, `float16`"
    )
    whisper_threads: int = Field(0, ge=0, description="CPU threads of one model; 0: CTranslate2's default")
    whisper_batch_size: int = Field(1, ge=1, description="segments decoded together; above 1 pays on a GPU")

    # Language model
    llm_base_url: str | None = Field(
        None, description="OpenAI-compatible server; unset: OpenAI's own if a key is set"
    )
    llm_model: str = Field("gpt-4o-mini", description="model that applies the prompts")
    llm_context_tokens: int | None = Field(
        None, ge=1_000, description="context size of the model, in tokens; unset: by the model's name"
    )
    llm_timeout: float = Field(
        120.0, gt=0, description="seconds without any answer before a call is given up"
    )
    llm_parallel: int = Field(4, ge=1, description="calls that one output may have in flight")
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="the platform's own key",
    )
    user_key_base_url: str | None = Field(
        None, description="the only server that users' own keys are sent to; unset: OpenAI's"
    )

    # Webhooks
    webhook_allowed_networks: Networks = Field(
        (), description="private networks that webhooks may reach, in clear too, separated by commas"
    )

    # Work
    lease_seconds: float = Field(
        30.0, gt=0, description="seconds a worker may be silent before its work is rescued"
    )
    stall_seconds: float = Field(
        300.0,
        gt=0,
        description="seconds in which a recording must keep SMELT_SLOWEST_PACE, or is given up as `timed_out`",
    )
    slowest_pace: float = Field(
        0.05, gt=0, description="seconds of a recording that must be done in a second of work, on average"
    )
    max_attempts: int = Field(3, ge=1, description="failures after which a part fails for good")
    tick_seconds: float = Field(1.0, gt=0, description="seconds between two rounds of the reconciler")
    transcribe_slots: int = Field(
        1, ge=1, description="recordings that the pool on this machine works on at once"
    )
    transcribe_short_slots: int = Field(
        1,
        ge=0,
        description="of the transcribe slots, how many take only recordings up to 5 minutes; never all of them",
    )
    synthesize_slots: int = Field(
        16, ge=1, description="outputs that the pool on this machine works on at once"
    )
    deliver_slots: int = Field(16, ge=1, description="webhooks that the pool on this machine sends at once")
    maintenance_slots: int = Field(2, ge=1, description="maintenance jobs that the pool runs at once")
    worker_grace: float = Field(
        20.0, ge=0, description="seconds a stopping worker may use to finish what it runs"
    )

    # Allowances
    anonymous_daily: int = Field(1, ge=0, description="smelts a UTC day for one anonymous address")
    weekly_credits: int = Field(5, ge=0, description="credits a week of a new profile")
    uncharged_daily: int = Field(
        20, ge=1, description="smelts a UTC day of one user or address that may end without a charge"
    )
    platform_daily_cap: int = Field(10_000, ge=0, description="smelts a UTC day on the platform's own key")
    rate_signed_in: int = Field(6_000, ge=1, description="requests a minute of one user or machine token")
    rate_anonymous: int = Field(3_000, ge=1, description="requests a minute of one anonymous address")
    rate_key_checks: int = Field(
        10, ge=1, description="API keys a minute that one user may have checked with the provider"
    )
    json_bytes: int = Field(
        32_000_000, ge=1_000, description="largest JSON body of a POST; multipart has the tier's limit"
    )

    anonymous_inputs: int = Field(limits.ANONYMOUS.inputs, ge=1, description="inputs per anonymous smelt")
    anonymous_audio_bytes: int = Field(
        limits.ANONYMOUS.audio_bytes, description="largest anonymous recording"
    )
    anonymous_audio_seconds: float = Field(
        limits.ANONYMOUS.audio_seconds, description="longest anonymous recording"
    )
    anonymous_text_bytes: int = Field(limits.ANONYMOUS.text_bytes, description="largest anonymous text")
    anonymous_smelt_bytes: int = Field(limits.ANONYMOUS.smelt_bytes, description="largest anonymous smelt")
    credits_inputs: int = Field(limits.CREDITS.inputs, ge=1, description="inputs per smelt on credits")
    credits_audio_bytes: int = Field(limits.CREDITS.audio_bytes, description="largest recording on credits")
    credits_audio_seconds: float = Field(
        limits.CREDITS.audio_seconds, description="longest recording on credits"
    )
    credits_text_bytes: int = Field(limits.CREDITS.text_bytes, description="largest text on credits")
    credits_smelt_bytes: int = Field(limits.CREDITS.smelt_bytes, description="largest smelt on credits")
    own_key_inputs: int = Field(limits.OWN_KEY.inputs, ge=1, description="inputs per smelt on an own key")
    own_key_audio_bytes: int = Field(
        limits.OWN_KEY.audio_bytes, description="largest recording on an own key"
    )
    own_key_audio_seconds: float = Field(
        limits.OWN_KEY.audio_seconds, description="longest recording on an own key"
    )
    own_key_text_bytes: int = Field(limits.OWN_KEY.text_bytes, description="largest text on an own key")
    own_key_smelt_bytes: int = Field(limits.OWN_KEY.smelt_bytes, description="largest smelt on an own key")

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


def variable(field: str) -> str:
    """The environment variable that a setting is read from."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"SMELT_{field.upper()}"


SECRET_NAMES = frozenset(
    variable(field) for field, info in Settings.model_fields.items() if info.annotation == SecretStr | None
)
