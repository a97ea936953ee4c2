"""Sets traces up: the SDK, what it samples and sends, and the instrumentations. Needs the extra `otel`.

The SDK reads its own usual variables besides (`OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`,
`OTEL_EXPORTER_OTLP_HEADERS` and the like).
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from pipeline.tracing import spans
from pipeline.tracing.scrubbing import Scrubbing


def start(process: str, endpoint: str) -> None:
    """Spans go to the collector at `endpoint` (OTLP over HTTP); what is left is sent when the process ends."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    instrument(make_provider(process, BatchSpanProcessor(Scrubbing(exporter))))


def make_provider(process: str, processor: SpanProcessor) -> TracerProvider:
    resource = Resource.create(
        {"service.name": "smelt", "service.version": version("smelt"), "smelt.process": process}
    )
    provider = TracerProvider(resource=resource)
    provider.sampler = NoLoneCalls(provider.sampler)
    provider.add_span_processor(processor)
    return provider


def instrument(provider: TracerProvider) -> None:
    """Spans of Postgres, Redis and HTTP clients; of requests by FastAPI itself. Before anything is connected."""
    spans.use(provider)
    # By OpenTelemetry's stable names: the instrumentations use older ones else.
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http,database"
    for instrumentor in instrumentors():
        instrumentor.instrument(tracer_provider=provider)


class _Instrumentor(Protocol):
    """As the library has it, which doesn't type it."""

    def instrument(self, **options: Any) -> Any: ...

    def uninstrument(self, **options: Any) -> Any: ...


def instrumentors() -> Sequence[_Instrumentor]:
    """AioHttpClientInstrumentor: of calls of language models."""
    return PsycopgInstrumentor(), RedisInstrumentor(), HTTPX2ClientInstrumentor(), AioHttpClientInstrumentor()


class NoLoneCalls(Sampler):
    """As another sampler has it, but for calls that belong to nothing: each look for work would be a trace."""

    def __init__(self, of: Sampler) -> None:
        self._of = of

    def should_sample(  # noqa: PLR0917 (the SDK's signature)
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        alone = not get_current_span(parent_context).get_span_context().is_valid
        if alone and kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return self._of.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"NoLoneCalls{{{self._of.get_description()}}}"
