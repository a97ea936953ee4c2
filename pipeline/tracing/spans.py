"""Spans of the service's own, and how a trace gets from one process into another. Without traces all of it is nothing.

Postgres carries a trace on: each row of work has the `traceparent` of the transaction that made it
(docs/design/traces.md).
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_NOTHING = nullcontext()

Attributes = Mapping[str, str | int | float]


class _Tracing:
    """Of this process."""

    provider: TracerProvider | None = None
    tracer: Tracer | None = None


def use(provider: TracerProvider | None) -> None:
    """From now on spans go there; None: nowhere."""
    _Tracing.provider = provider
    _Tracing.tracer = None if provider is None else provider.get_tracer("smelt")


def provider() -> TracerProvider | None:
    """Who takes the spans; None while traces are off."""
    return _Tracing.provider


def work(name: str, traceparent: str | None, attributes: Attributes) -> AbstractContextManager[None]:
    """A span for the block, in the trace that the work was made in; in one of its own where that isn't known."""
    tracer = _Tracing.tracer
    if tracer is None:
        return _NOTHING
    context = Context() if traceparent is None else _W3C.extract({"traceparent": traceparent}, Context())
    return _span(tracer, name, SpanKind.CONSUMER, attributes, context)


def call(name: str, attributes: Attributes) -> AbstractContextManager[None]:
    """A span for a call of another server, in the current one."""
    tracer = _Tracing.tracer
    return _NOTHING if tracer is None else _span(tracer, name, SpanKind.CLIENT, attributes)


def note(attributes: Attributes, *, failed: bool = False) -> None:
    """More of the current span."""
    if _Tracing.tracer is None:
        return
    span = trace.get_current_span()
    span.set_attributes(attributes)
    if failed:
        span.set_status(StatusCode.ERROR)


def traceparent() -> str | None:
    """The current span, in the form in which it is stored; None where there is none."""
    if _Tracing.tracer is None:
        return None
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """Of the current trace, as its collector shows it; None where there is none."""
    if _Tracing.tracer is None:
        return None
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def headers() -> dict[str, str]:
    """What another server is sent along, so that it may go on with the trace: by `OTEL_PROPAGATORS`."""
    carrier: dict[str, str] = {}
    if _Tracing.tracer is not None:
        propagate.inject(carrier)
    return carrier


@contextmanager
def _span(
    tracer: Tracer, name: str, kind: SpanKind, attributes: Attributes, context: Context | None = None
) -> Iterator[None]:
    """Nothing of an exception is recorded but that there was one: its message could hold content."""
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=True,
    ):
        yield
