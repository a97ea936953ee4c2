"""Traces that are kept in memory, with all that a process that traces is set up with but the sending."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pipeline.tracing import spans
from pipeline.tracing.exporting import instrument, instrumentors, make_provider
from pipeline.tracing.scrubbing import Scrubbing


class Traces:
    """What has been sent so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def of(self, parent: ReadableSpan, name: str) -> list[ReadableSpan]:
        """The spans of that name straight below."""
        return [span for span in self.named(name) if parent_id(span) == own_id(parent)]


def own_id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return int(context.span_id)


def parent_id(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


@contextmanager
def traced() -> Iterator[Traces]:
    """This process traces meanwhile whatever connects from now on."""
    exporter = InMemorySpanExporter()
    kinds: tuple[Any, ...] = (psycopg.Connection, psycopg.AsyncConnection)
    connects = [vars(kind)["connect"] for kind in kinds]
    instrument(make_provider("test", SimpleSpanProcessor(Scrubbing(exporter))))
    try:
        yield Traces(exporter)
    finally:
        for instrumentor in instrumentors():
            instrumentor.uninstrument()
        # What is left for `connect` is bound to the class: kinds of connections of one's own would be made no more.
        for kind, connect in zip(kinds, connects, strict=True):
            type.__setattr__(kind, "connect", connect)
        spans.use(None)
