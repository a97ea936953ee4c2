"""One trace from the post through each claim to the webhook, and nothing in it that it isn't for."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from sqlalchemy import text

from db.session import Database
from db.work.claims import claim_next
from db.work.files import FILES
from pipeline.settings import Settings
from tests.api.conftest import running as running_api
from tests.recordings import recording
from tests.support.api_processes import one_api
from tests.support.cast import Cast
from tests.support.engines import Servers
from tests.support.in_process_worker import deliver_all, do_all_work
from tests.support.llm_server import running as running_llm
from tests.support.receiver import Receiver, receiving
from tests.support.smelts import admit_all, new_smelt
from tests.support.tracing import Traces, own_id, parent_id, traced
from tests.support.waiting import wait_until
from workers.notifications.queues import ActorName
from workers.reconciler.loop import rescue_expired
from workers.runner.run import run_next
from workers.services import Services

CLIENTS_TRACE = "ab" * 16
POST = "POST /v1/smelts"


@pytest.fixture
def traces() -> Iterator[Traces]:
    with traced() as traces:
        yield traces


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def post(client: httpx.Client, webhook: str, trace: str = CLIENTS_TRACE) -> str:
    parts: list[tuple[str, Any]] = [
        ("files", ("CANARY.mp3", recording("speech.mp3"))),
        ("texts", (None, "Ann ships CANARY.")),
        ("default_prompt_names", (None, "summarize")),
        ("webhook_url", (None, webhook)),
    ]
    reply = client.post("/v1/smelts", files=parts, headers={"traceparent": f"00-{trace}-{'cd' * 8}-01"})
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_one_trace_runs_from_the_post_through_each_claim_to_the_webhook(
    traces: Traces, settings: Settings, cast: Cast, receiver: Receiver
) -> None:
    with running_llm() as llm:
        settings = settings.model_copy(
            update={"llm_base_url": llm.url, "webhook_allowed_networks": ("127.0.0.0/8",)}
        )
        with running_api(settings) as api, api.client(cast.ada.headers) as ada:
            ada.post("/v1/webhook-secret").raise_for_status()
            smelt = post(ada, receiver.url)
            do_all_work(settings)
            assert deliver_all(settings) == 1
            ticket = ada.post(f"/v1/smelts/{smelt}/events/ticket").raise_for_status().json()["ticket"]
            ada.get(f"/v1/smelts/{smelt}", params={"ticket": "CANARY"})
            ada.get("/readyz")
        (message,) = receiver.received
        asked = [call.headers["traceparent"] for call in llm.calls]

    posted = traces.one(POST)
    assert (trace_of(posted), f"{parent_id(posted):016x}") == (CLIENTS_TRACE, "cd" * 8)
    (heard,) = traces.of(posted, "transcribe")
    outputs = traces.of(posted, "synthesize")
    assert len(outputs) == 2
    (delivered,) = (span for output in outputs for span in traces.of(output, "deliver"))
    (sent,) = traces.of(delivered, "POST")
    assert message.headers["traceparent"] == f"00-{CLIENTS_TRACE}-{own_id(sent):016x}-01"
    calls = [call for output in outputs for call in traces.of(output, "POST")]
    assert sorted(asked) == sorted(f"00-{CLIENTS_TRACE}-{own_id(call):016x}-01" for call in calls)
    assert {(span.attributes or {})["smelt.outcome"] for span in (heard, *outputs, delivered)} == {"done"}

    for span in (posted, heard, *outputs, delivered):
        below = {
            (each.attributes or {}).get("db.system.name")
            for each in traces.all()
            if parent_id(each) == own_id(span)
        }
        assert "postgresql" in below
    assert "redis" in {(span.attributes or {}).get("db.system.name") for span in traces.all()}
    assert all(span.parent is not None or span.name.startswith(("GET", "POST")) for span in traces.all())
    assert traces.named("GET /readyz") == []
    told = "".join(span.to_json() for span in traces.all())
    assert not [secret for secret in ("CANARY", ticket, str(cast.ada.id)) if secret in told]


def test_a_retry_goes_on_in_its_own_trace_and_a_rescue_in_the_work_s(
    traces: Traces, settings: Settings, cast: Cast, receiver: Receiver, database: Database
) -> None:
    with running_api(settings) as api, api.client(cast.ada.headers) as ada:
        ada.post("/v1/webhook-secret").raise_for_status()
        smelt = post(ada, "https://receiver.invalid/hook")
        with database.service() as conn:
            claim = claim_next(conn, FILES, 30)
            assert claim is not None
            sql = "update smelt_files set failures = 2, lease_until = now() - interval '1 minute' where id = :id"
            conn.execute(text(sql), {"id": claim.id})
        services = Services.open(settings)
        try:
            assert rescue_expired(services) == 1
        finally:
            services.close()
        rescued = traces.one("rescue transcribe")
        assert (trace_of(rescued), parent_id(rescued)) == (CLIENTS_TRACE, own_id(traces.one(POST)))

        do_all_work(settings)
        again = f"00-{'ef' * 16}-{'cd' * 8}-01"
        ada.post(f"/v1/smelts/{smelt}/retry", headers={"traceparent": again}).raise_for_status()
        do_all_work(settings)
    assert trace_of(traces.one("transcribe")) == "ef" * 16


def test_work_that_was_made_without_traces_begins_its_own(database: Database, settings: Settings) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1))
    with traced() as traces:
        services = Services.open(settings)
        try:
            assert run_next(services, ActorName.APPLY_SEPARATE, lambda _: None, threading.Event())
        finally:
            services.close()
        assert traces.one("synthesize").parent is None
    with database.service() as conn:
        assert conn.execute(text("select traceparent from smelt_outputs")).scalar_one() is None


def test_a_process_sends_its_spans_to_a_collector(servers: Servers, migrated_template: str) -> None:
    with receiving() as collector:
        collector.answers[:] = [200]
        endpoint = collector.url.removesuffix("/hook?from=smelt")
        with one_api(
            servers, migrated_template, "env", "OTEL_BSP_SCHEDULE_DELAY=100", otlp_endpoint=endpoint
        ) as api:
            with httpx.Client(base_url=api.url, trust_env=False, timeout=30) as client:
                client.get("/v1/models").raise_for_status()
            wait_until(lambda: any(span.name == "GET /v1/models" for span in sent(collector)))
            assert {message.path for message in collector.received} == {"/v1/traces"}
            with httpx.Client(base_url=api.url, trust_env=False, timeout=30) as client:
                client.get("/v1/profile")
        assert any(span.name == "GET /v1/profile" for span in sent(collector))  # however soon it was stopped


def sent(collector: Receiver) -> list[Span]:
    return [
        span
        for message in list(collector.received)
        for resource in ExportTraceServiceRequest.FromString(message.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_what_does_not_trace_imports_nothing_that_would() -> None:
    """So it costs neither memory nor time."""
    code = "import sys, api.main, workers.reconciler.loop; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needless = ("opentelemetry.exporter", "opentelemetry.instrumentation", "opentelemetry.sdk.trace.export")
    assert not [name for name in ran.stdout.split() if name.startswith(needless)]
