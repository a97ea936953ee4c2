"""Settings of the content store and its keys, and of how long what is stored is kept."""

from pydantic import BaseModel, Field

from pipeline.setting_forms import ContentUrl, KeyRingText


class ContentSettings(BaseModel):
    content_url: ContentUrl = Field(
        None,
        description="content store: file://, s3://, gs:// or az:// URL; unset: a folder in SMELT_DATA_DIR",
    )
    s3_allow_http: bool = Field(
        False,
        description="let the bucket's endpoint be on plain http://: content is sealed, ids and sizes show",
    )
    content_ttl: int = Field(
        86_400, ge=60, le=604_800, description="seconds that content outlives its smelt's end"
    )
    content_max_age: int = Field(
        604_800, ge=60, description="seconds after admission when content goes at the latest"
    )
    metadata_days: int = Field(
        365,
        ge=0,
        le=36_500,
        description="days after its end that a user's smelt is listed, without content; and that operators' acts stay"
        " recorded, 30 at least; 0: for ever",
    )
    content_free_bytes: int | None = Field(
        None,
        ge=0,
        description="free space in a folder of content below which posts are refused; "
        "unset: 1 GB, or a twentieth of a smaller disk",
    )
    staged_bytes: int = Field(
        40_000_000_000, ge=1, description="bytes of all posts that one API process has not admitted yet"
    )
    staged_bytes_per_caller: int = Field(
        64_000_000,
        ge=0,
        description="the same of one user or anonymous address; one largest smelt of the tier always fits",
    )
    keyring: KeyRingText = Field(
        None,
        description="keys that wrap content keys, `id:base64` separated by commas, the current one first",
    )
