"""What of a span leaves the process: what is named here, and nothing else.

Instrumentations tell what they know: queries of URLs with tickets in them, addresses of clients, messages of exceptions
that quote values. Statements are kept: their values are bound, and so aren't part of them; but
not the one that begins a transaction.
"""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes

KEPT = frozenset(
    {
        *("http.request.method", "http.route", "http.response.status_code", "url.scheme"),
        *("network.protocol.version", "server.address", "server.port", "error.type"),
        *("db.system.name", "db.namespace", "db.operation.name", "db.query.text"),
        *("smelt.part", "smelt.attempt", "smelt.waited_seconds", "smelt.outcome", "smelt.code"),
    }
)


class Scrubbing(SpanExporter):
    """Sends on, by another exporter, what may leave."""

    def __init__(self, to: SpanExporter) -> None:
        self._to = to

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._to.export([scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        self._to.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._to.force_flush(timeout_millis)


def scrubbed(span: ReadableSpan) -> ReadableSpan:
    """Without events and links: none of ours has any, and those of others hold exceptions."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Attributes) -> Attributes:
    kept = {name: value for name, value in (attributes or {}).items() if name in KEPT}
    if str(kept.get("db.query.text", "")).startswith("begin"):
        del kept["db.query.text"]  # whoever the transaction is for is written into it
    return kept
