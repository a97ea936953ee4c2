"""Prometheus metrics and the access log: a request's method, route, status and time; no address, path or query."""

import logging
import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.metrics.registry import REGISTRY

access_log = logging.getLogger("smelt.access")

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)  # seconds; uploads take long


_LABELS = ("method", "route")
_requests = Counter("smelt_http_requests", "Requests answered.", (*_LABELS, "status"), registry=REGISTRY)
_request_seconds = Histogram(
    "smelt_http_request_seconds",
    "Seconds from the first header to the last byte of the reply.",
    _LABELS,
    buckets=BUCKETS,
    registry=REGISTRY,
)


class Measured:
    """ASGI middleware that notes each request. Status 499: the client went away before an answer began."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 499

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - begun
            method, route = _method(scope["method"]), _route(scope)
            _requests.labels(method, route, str(status)).inc()
            _request_seconds.labels(method, route).observe(seconds)
            fields = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
            access_log.info("answered", extra=fields)


def _method(given: str) -> str:
    """Clients may make methods up; a label must not grow without end."""
    return given if given in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"


def _route(scope: Scope) -> str:
    """The route's template, never the path: ids and guesses stay out of logs and labels."""
    return getattr(scope.get("route"), "path", "(none)")
