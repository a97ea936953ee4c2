"""Which pages of other origins may call: those of `SMELT_CORS_ORIGINS`, with the headers that our clients send."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

ALLOWED_HEADERS = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "OpenAI-Beta",
    "OpenAI-Organization",
    "OpenAI-Project",
    "User-Agent",
    "X-Request-Id",
)
# OpenAI's SDKs tell so of their runtime, and of something more with every other version.
_STAINLESS = re.compile(r"x-stainless-[a-z0-9-]{1,64}")
_ASKED, _ALLOWED = "access-control-request-headers", "access-control-allow-headers"


class Cors(CORSMiddleware):
    """Lets the SDKs' own headers through, too. They change nothing."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=[
                "Content-Disposition",
                "Content-Location",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "X-Request-Id",
            ],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        asked = [name.strip().lower() for name in request_headers.get(_ASKED, "").split(",")]
        stainless = [name for name in asked if _STAINLESS.fullmatch(name)]
        if not stainless:
            return super().preflight_response(request_headers)
        headers = MutableHeaders(raw=list(request_headers.raw))
        del headers[_ASKED]
        if others := [name for name in asked if name not in stainless]:
            headers[_ASKED] = ",".join(others)
        reply = super().preflight_response(headers)
        reply.headers[_ALLOWED] = ", ".join([reply.headers[_ALLOWED], *stainless])
        return reply
