"""Traces are off unless they are asked for; asked for without the extra they are a line that says what to do."""

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import pipeline.tracing
from pipeline.tracing import spans
from pipeline.tracing.setup import TracingUnavailable, configure
from tests.conftest import make_settings


def test_nothing_is_set_up_unless_an_endpoint_is(tmp_path: Path) -> None:
    configure("api", make_settings(tmp_path))
    assert spans.provider() is None


def test_without_the_extra_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pipeline.tracing.exporting", raising=False)
    monkeypatch.delattr(pipeline.tracing, "exporting", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracingUnavailable, match=r"pip install 'smelt\[otel\]'"):
        configure("api", make_settings(tmp_path, otlp_endpoint="http://127.0.0.1:1"))
    assert spans.provider() is None


def test_an_endpoint_is_a_url(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must begin with http:// or https://"):
        make_settings(tmp_path, otlp_endpoint="collector:4317")
