"""Settings of the HTTP service."""

from typing import Literal

from pydantic import BaseModel, Field

from pipeline.setting_forms import CommaSeparated, Networks


class HttpSettings(BaseModel):
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the API listens on; 0 lets the system choose")
    metrics_host: str = Field("127.0.0.1", description="address that metrics are served on")
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="port of `/metrics`, for Prometheus; SMELT_PORT: on the public one; unset: there are none",
    )
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

    @property
    def metrics_public(self) -> bool:
        """Whether whoever reaches the API reaches its metrics too."""
        return self.metrics_port is not None and self.metrics_port == self.port
