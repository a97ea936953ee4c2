"""Settings of the content store and its keys."""

from pydantic import BaseModel, Field

from pipeline.setting_forms import ContentUrl, KeyRingText


class ContentSettings(BaseModel):
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
