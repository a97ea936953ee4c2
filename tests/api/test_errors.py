"""Every error is a problem document with a stable code, and every reply carries a request id."""

import json
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from api.errors import ApiError, Code, problem
from api.smelts.allowance import DETAILS
from db import migrate
from db.one_exchange import OneExchange
from db.session import Database
from db.smelts.reservation import RefusalCode
from pipeline.content.store import ContentStore
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.engines import PostgresServer
from tests.support.rows import count_smelts
from tests.support.s3_server import running_s3
from tests.support.waiting import wait_until

ERRORS = [
    ("GET", "/nowhere", 404, "not_found"),
    ("PUT", "/v1/smelts", 405, "method_not_allowed"),
    ("GET", "/v1/profile", 401, "authentication_required"),
    ("POST", "/v1/smelts", 415, "unsupported_media_type"),
]


def test_errors_are_problem_documents(visitor: httpx.Client, subtests: pytest.Subtests) -> None:
    for method, path, status, code in ERRORS:
        with subtests.test(method=method):
            reply = visitor.request(method, path)
            assert reply.headers["Content-Type"] == "application/problem+json"
            problem = reply.json()
            assert (reply.status_code, problem["status"], problem["code"]) == (status, status, code)
            assert problem["type"] == f"urn:smelt:error:{code}"
            assert problem["title"]
            assert problem["detail"]
            assert reply.headers["X-Request-Id"]


@pytest.mark.parametrize("code", list(Code))
def test_each_code_is_answered_with_its_own_status_and_title(code: Code) -> None:
    reply = problem(ApiError(code))
    body = json.loads(bytes(reply.body))
    assert body == {
        "type": f"urn:smelt:error:{code.value}",
        "title": code.summary,
        "status": code.status,
        "detail": f"{code.summary}.",
        "code": code.value,
    }
    assert code.summary
    assert 400 <= code.status == reply.status_code <= 599


def test_a_refused_allowance_has_an_answer() -> None:
    assert {Code(code).value for code in RefusalCode} == {code.value for code in RefusalCode}
    assert set(DETAILS) == set(RefusalCode)


def test_a_sane_request_id_comes_back_and_another_is_replaced(visitor: httpx.Client) -> None:
    for path in ("/healthz", "/nowhere"):
        assert visitor.get(path, headers={"X-Request-Id": "job-7_a.b"}).headers["X-Request-Id"] == "job-7_a.b"
        for given in ("a" * 129, "<script>", "a b"):
            assert visitor.get(path, headers={"X-Request-Id": given}).headers["X-Request-Id"] not in (
                "",
                given,
            )


def test_an_unexpected_error_says_nothing_of_what_went_wrong(
    api: RunningApi, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "the-canary-sings-at-dawn"

    def explode(*_: object) -> None:
        raise RuntimeError(canary)

    monkeypatch.setattr(ContentStore, "put_all", explode)
    with caplog.at_level(logging.DEBUG):
        reply = visitor.post("/v1/smelts", json={"texts": [canary], "default_prompt_names": ["summarize"]})
    assert (reply.status_code, reply.json()["code"]) == (500, "internal_error")
    assert reply.headers["X-Request-Id"]
    assert "unexpected RuntimeError" in caplog.text
    assert canary not in caplog.text + reply.text


@pytest.mark.parametrize("committed", [True, False])
def test_content_stays_when_nobody_knows_whether_the_smelt_was_taken_in(
    api: RunningApi,
    visitor: httpx.Client,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,
) -> None:
    """The connection is lost in the middle of the commit."""
    end = OneExchange.end

    def cut_off(conn: OneExchange) -> None:
        if committed:
            end(conn)
        conn._connection.close()
        raise psycopg.OperationalError

    monkeypatch.setattr(OneExchange, "end", cut_off)
    reply = visitor.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
    assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
    assert len(api.objects()) == 1
    assert count_smelts(database) == committed


@pytest.fixture
def without_database(settings: Settings) -> Iterator[RunningApi]:
    with running(
        settings.model_copy(update={"database_url": SecretStr("postgresql://x@127.0.0.1:9/x")})
    ) as api:
        yield api


def test_without_postgres_the_service_is_alive_but_not_ready(without_database: RunningApi) -> None:
    with without_database.client() as client:
        assert client.get("/healthz").status_code == 200
        reply = client.get("/readyz")
        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
        assert int(reply.headers["Retry-After"]) > 0
        reply = client.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
        assert reply.status_code == 503
    assert without_database.objects() == []


def test_metrics_count_by_route_and_name_no_path(settings: Settings) -> None:
    public = settings.model_copy(update={"port": 8000, "metrics_port": 8000})  # it listens elsewhere here
    with running(public) as api, api.client() as visitor:
        before = visitor.get("/metrics").text
        visitor.get("/v1/smelts/01890a5d-ac96-774b-bcce-b302099a8057")
        visitor.get("/secret-path")
        metrics = visitor.get("/metrics").text
    counted = 'smelt_http_requests_total{method="GET",route="/v1/smelts/{smelt_id}",status="404"} '
    assert _value(metrics, counted) - _value(before, counted) == 1  # others of this process are counted too
    assert "secret-path" not in metrics


def _value(metrics: str, series: str) -> float:
    """0 where it isn't told yet."""
    return float(next((line[len(series) :] for line in metrics.splitlines() if line.startswith(series)), 0))


def test_a_browser_of_an_allowed_origin_may_call(settings: Settings) -> None:
    changed = settings.model_copy(update={"cors_origins": ("https://app.example.org",)})
    with running(changed) as api, api.client() as client:
        reply = client.get("/healthz", headers={"Origin": "https://app.example.org"})
        assert reply.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
        reply = client.get("/healthz", headers={"Origin": "https://evil.example.org"})
        assert "Access-Control-Allow-Origin" not in reply.headers


def test_a_browser_may_ask_first_and_reads_errors_too(settings: Settings) -> None:
    changed = settings.model_copy(update={"cors_origins": ("https://app.example.org",)})
    origin = {"Origin": "https://app.example.org"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    with running(changed) as api, api.client() as client:
        preflight = client.options("/v1/smelts", headers=asked)
        assert preflight.status_code == 200
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        looked = client.options("/v1/smelts", headers=asked | {"Access-Control-Request-Method": "HEAD"})
        assert looked.status_code == 200
        refused = client.get("/v1/profile", headers=origin)
        assert refused.status_code == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "https://app.example.org"


def test_no_address_is_taken_from_the_host_header(visitor: httpx.Client) -> None:
    reply = visitor.post("/v1/smelts/", headers={"Host": "evil.example.org"})
    assert reply.status_code == 415
    assert "Location" not in reply.headers
    reply = visitor.get("/docs/", headers={"Host": "evil.example.org"})
    assert (reply.status_code, reply.headers["Location"]) == (307, "../docs")


def test_the_description_tells_the_contract(visitor: httpx.Client) -> None:
    document = visitor.get("/openapi.json").json()
    body = document["paths"]["/v1/smelts"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}
    assert "422" not in document["paths"]["/v1/smelts/{smelt_id}"]["get"]["responses"]
    assert "ProblemReply" in document["components"]["schemas"]
    markdown = document["paths"]["/v1/smelts/{smelt_id}/outputs/{output_id}"]["get"]["responses"]["200"][
        "content"
    ]
    assert set(markdown) == {"text/markdown"}


def test_a_small_body_that_is_too_large_is_a_problem_like_any_other(ada: httpx.Client) -> None:
    for method, path in (
        ("POST", "/v1/prompts"),
        ("POST", "/v1/prompts/upload"),
        ("POST", "/v1/prompt-sections"),
        ("POST", "/v1/tokens"),
        ("PUT", "/v1/api-key"),
    ):
        for body in (b" " * 100_000, (b" " * 10_000 for _ in range(10))):
            reply = ada.request(method, path, content=body, headers={"Content-Type": "application/json"})
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert (reply.status_code, reply.json()["code"]) == (413, "file_too_large"), path


def test_a_database_that_the_service_cannot_work_on_is_alive_but_not_ready(
    visitor: httpx.Client, owner_url: str
) -> None:
    assert visitor.get("/readyz").status_code == 200
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("alter table smelt_outputs rename to gone")
    assert visitor.get("/healthz").status_code == 200
    wait_until(lambda: visitor.get("/readyz").status_code == 503)
    reply = visitor.get("/readyz")
    assert reply.json()["code"] == "unavailable"
    assert "UndefinedTable" in reply.json()["detail"]
    assert "smelt migrate" in reply.json()["detail"]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("alter table gone rename to smelt_outputs")
    wait_until(lambda: visitor.get("/readyz").status_code == 200)
    migrate.downgrade(owner_url)
    wait_until(lambda: visitor.get("/readyz").status_code == 503)


def test_a_database_that_is_not_migrated_takes_no_post_and_says_what_to_do(
    settings: Settings, postgres: PostgresServer, empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = SecretStr(postgres.app_url(urlsplit(empty_database_url).path[1:]))
    with running(settings.model_copy(update={"database_url": url})) as api, api.client() as client:
        reply = client.get("/readyz")
        assert (reply.status_code, "smelt migrate" in reply.json()["detail"]) == (503, True)
        reply = client.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
        assert "run `smelt migrate`" in caplog.text
        assert "Traceback" not in caplog.text
        assert api.objects() == []
        migrate.upgrade(empty_database_url)
        wait_until(lambda: client.get("/readyz").status_code == 200)
        reply = client.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
        assert reply.status_code == 202


def test_without_its_bucket_the_service_is_not_ready_and_takes_no_post(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running_s3() as s3:
        s3.let_in(monkeypatch)
        changes = {"content_url": "s3://another/prefix", "s3_allow_http": True}
        with running(settings.model_copy(update=changes)) as api, api.client() as client:
            reply = client.get("/readyz")
            assert (reply.status_code, "no such bucket" in reply.json()["detail"]) == (503, True)
            reply = client.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
            assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
            assert "SMELT_CONTENT_URL" in caplog.text
            s3.bucket = "another"
            wait_until(lambda: client.get("/readyz").status_code == 200)
            reply = client.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
            assert reply.status_code == 202
