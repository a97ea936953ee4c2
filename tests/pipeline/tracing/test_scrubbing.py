"""Of a span leaves what is named, whatever an instrumentation or an exception adds."""

import pytest
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from db.connection import BoundedConnection
from pipeline.tracing import spans
from tests.support.tracing import traced


def tracer() -> Tracer:
    provider = spans.provider()
    assert provider is not None
    return provider.get_tracer("an instrumentation")


def fail(attributes: dict[str, str]) -> None:
    with (
        spans.work("transcribe", None, {}),
        tracer().start_as_current_span("GET", attributes=attributes) as span,
    ):
        span.add_event("CANARY", {"said": "CANARY"})
        span.set_status(Status(StatusCode.ERROR, "CANARY"))
        raise ValueError("CANARY")


def test_no_value_that_is_not_named_leaves() -> None:
    with traced() as traces:
        attributes = {
            "http.route": "/v1/smelts/{smelt_id}",
            "url.query": "ticket=CANARY",
            "url.full": "https://user:CANARY@host/",
            "client.address": "CANARY",
            "db.statement.parameters": "CANARY",
        }
        with pytest.raises(ValueError, match="CANARY"):
            fail(attributes)
        inner, outer = traces.all()
    assert dict(inner.attributes or {}) == {"http.route": "/v1/smelts/{smelt_id}"}
    assert "CANARY" not in inner.to_json() + outer.to_json()
    assert [span.status.status_code for span in (inner, outer)] == [StatusCode.ERROR] * 2


def test_calls_that_belong_to_nothing_are_no_traces() -> None:
    with traced() as traces:
        with tracer().start_as_current_span("select", kind=SpanKind.CLIENT):
            assert traces.all() == []
        with (
            spans.work("transcribe", None, {}),
            tracer().start_as_current_span("select", kind=SpanKind.CLIENT),
        ):
            pass
        assert [span.name for span in traces.all()] == ["select", "transcribe"]


def test_work_goes_on_with_the_trace_that_it_was_made_in() -> None:
    made = f"00-{'ab' * 16}-{'cd' * 8}-01"
    unsampled = f"00-{'ef' * 16}-{'cd' * 8}-00"
    with traced() as traces:
        with spans.work("transcribe", made, {"smelt.attempt": 2}):
            assert spans.trace_id() == "ab" * 16
            stored = spans.traceparent()
            spans.note({"smelt.outcome": "failed"}, failed=True)
        with spans.work("deliver", unsampled, {}):
            assert spans.traceparent() is not None
    (span,) = traces.all()
    assert span.context is not None
    assert stored == f"00-{'ab' * 16}-{span.context.span_id:016x}-01"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "cd" * 8
    assert dict(span.attributes or {}) == {"smelt.attempt": 2, "smelt.outcome": "failed"}
    assert span.status.status_code is StatusCode.ERROR


def test_while_traces_are_off_nothing_is_made() -> None:
    with spans.work("transcribe", f"00-{'ab' * 16}-{'cd' * 8}-01", {}), spans.call("POST", {}):
        assert (spans.traceparent(), spans.trace_id(), spans.headers()) == (None, None, {})


def test_a_kind_of_connection_of_ones_own_is_made_while_traces_are_on_and_afterwards(
    database_url: str,
) -> None:
    with traced(), BoundedConnection.connect(database_url) as during:
        assert type(during) is BoundedConnection
    with BoundedConnection.connect(database_url) as after:
        assert type(after) is BoundedConnection
