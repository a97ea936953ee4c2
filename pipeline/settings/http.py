"""Settings of the HTTP service."""

from typing import Literal

from pydantic import BaseModel, Field

from pipeline.concurrency import ConcurrencyLimits, Kind, Limit
from pipeline.setting_forms import CommaSeparated, Networks


class HttpSettings(BaseModel):
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the API listens on; 0 lets the system choose")
    metrics_host: str = Field(
        "127.0.0.1", description="address that each process serves its metrics and its health on"
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description=(
            "port of a process's `/metrics`, `/healthz` and `/readyz`; a pool has one; with `smelt up` each process has"
            " the next; SMELT_PORT: `/metrics` is public; unset: there are none"
        ),
    )
    web: bool = Field(
        True, description="whether browsers get the page at `/`; `off`: they get what programs get"
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

    # At once; cut to what the file descriptors allow, and for one caller to a quarter of the whole
    connections: int = Field(10_000, ge=1, description="open connections")
    connections_per_address: int = Field(
        600, ge=1, description="open connections from one address, unless it is a trusted proxy's"
    )
    requests: int = Field(
        1_000, ge=1, description="requests under way, those of the next three kinds not counted"
    )
    requests_per_caller: int = Field(150, ge=1, description="of them, from one address or of one user")
    streams: int = Field(4_000, ge=1, description="open event streams")
    streams_per_caller: int = Field(100, ge=1, description="of them, from one address or of one user")
    waiting: int = Field(1_000, ge=1, description="calls that wait for a transcript")
    waiting_per_caller: int = Field(200, ge=1, description="of them, from one address or of one user")
    uploads: int = Field(400, ge=1, description="posts of smelts and recordings that are still arriving")
    uploads_per_caller: int = Field(100, ge=1, description="of them, from one address or of one user")
    large_replies: int = Field(32, ge=1, description="replies of more than a megabyte that are being sent")
    large_replies_per_caller: int = Field(8, ge=1, description="of them, from one address or of one user")
    recordings: int = Field(
        250, ge=1, description="recordings that are being played or fetched; each takes 2 MB of memory"
    )
    recordings_per_caller: int = Field(32, ge=1, description="of them, from one address or of one user")
    slowest_body: float = Field(
        1_000.0,
        gt=0,
        description="bytes a second at which a body must arrive, over any 30 s of waiting for it",
    )
    slowest_reader: float = Field(
        1_000.0,
        gt=0,
        description="bytes a second at which replies must be read, over any 30 s with some waiting",
    )

    heartbeat_seconds: float = Field(
        15.0, gt=0, description="seconds of silence in an event stream before a sign of life is sent"
    )

    @property
    def concurrency_limits(self) -> ConcurrencyLimits:
        """As asked for, not yet cut to what the process can keep."""
        return ConcurrencyLimits(
            Limit(self.connections, self.connections_per_address),
            {
                Kind.REQUESTS: Limit(self.requests, self.requests_per_caller),
                Kind.STREAMS: Limit(self.streams, self.streams_per_caller),
                Kind.WAITING: Limit(self.waiting, self.waiting_per_caller),
                Kind.UPLOADS: Limit(self.uploads, self.uploads_per_caller),
                Kind.LARGE: Limit(self.large_replies, self.large_replies_per_caller),
                Kind.RECORDINGS: Limit(self.recordings, self.recordings_per_caller),
            },
        )

    @property
    def metrics_public(self) -> bool:
        """Whether whoever reaches the API reaches its metrics too."""
        return self.metrics_port is not None and self.metrics_port == self.port
