"""Settings of the speech model and the language model."""

from pathlib import Path

from pydantic import AliasChoices, BaseModel, Field, SecretStr


class ModelSettings(BaseModel):
    whisper_model: str = Field(
        "base",
        description="faster-whisper's name of a model, or a folder; `tiny.en` comes with `smelt[demo]`",
    )
    whisper_device: str = Field("auto", description="`cpu`, `cuda` or `auto`")
    whisper_compute_type: str = Field(
        "auto", description="CTranslate2 compute type, such as `int8`, `float16`; `auto`: by the device"
    )
    whisper_threads: int = Field(
        0,
        ge=0,
        description="CPU threads of one model; 0: the cores, divided among the slots for long recordings",
    )
    whisper_batch_size: int = Field(0, ge=0, description="windows heard together; 0: by the device")

    speaker_models: Path | None = Field(
        None,
        description="folder with the networks that tell speakers apart; unset: where `smelt speaker-models` puts them",
    )

    # Language model
    llm_base_url: str | None = Field(
        None, description="OpenAI-compatible server; unset: OpenAI's own if a key is set"
    )
    llm_model: str = Field(
        "gpt-4o-mini",
        description="model that applies the prompts; a `.gguf` file is served by `smelt up` itself",
    )
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
