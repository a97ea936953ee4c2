"""Settings of what callers may use up, and of how large their inputs may be."""

from pydantic import BaseModel, Field

from pipeline import limits


class AllowanceSettings(BaseModel):
    anonymous_daily: int = Field(1, ge=0, description="smelts a UTC day for one anonymous address")
    weekly_credits: int = Field(
        5, ge=0, description="credits a week of every user; a change holds at once, what is used stays used"
    )
    uncharged_daily: int = Field(
        20, ge=1, description="smelts a UTC day of one user or address that may end without a charge"
    )
    platform_daily_cap: int = Field(10_000, ge=0, description="smelts a UTC day on the platform's own key")
    rate_signed_in: int = Field(
        6_000, ge=1, description="requests a minute of one user, all machine tokens included"
    )
    rate_anonymous: int = Field(3_000, ge=1, description="requests a minute of one anonymous address")
    rate_address: int = Field(
        9_000,
        ge=30,
        description="requests a minute of one address, all its users together; each API process counts by itself",
    )
    rate_key_checks: int = Field(
        10, ge=1, description="API keys a minute that one user may have checked with the provider"
    )
    key_check_seconds: float = Field(
        3_600.0,
        gt=0,
        description="seconds after which the provider is asked again about an own API key that is in use",
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
    local_inputs: int = Field(limits.LOCAL.inputs, ge=1, description="inputs per smelt of the local user")
    local_audio_bytes: int = Field(
        limits.LOCAL.audio_bytes, description="largest recording of the local user"
    )
    local_audio_seconds: float = Field(
        limits.LOCAL.audio_seconds, description="longest recording of the local user"
    )
    local_text_bytes: int = Field(limits.LOCAL.text_bytes, description="largest text of the local user")
    local_smelt_bytes: int = Field(limits.LOCAL.smelt_bytes, description="largest smelt of the local user")
