"""The page at /docs comes from the service alone, and its policy forbids everything else."""

import re
from collections.abc import Iterator

import httpx
import pytest

from pipeline.settings import Settings
from tests.api.conftest import running


@pytest.fixture
def page(settings: Settings) -> Iterator[httpx.Client]:
    with running(settings) as api, api.client() as client:
        yield client


def test_the_page_names_no_other_server_and_all_that_it_names_is_there(page: httpx.Client) -> None:
    reply = page.get("/docs")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "//" not in reply.text.removeprefix("<!doctype html>")
    named = re.findall(r'(?:src|href)="([^"]+)"', reply.text)
    assert {name.rpartition(".")[2] for name in named} == {"js", "css", "png"}
    for name in named:
        file = page.get(f"/{name}")
        assert file.status_code == 200, name
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        kind = {"js": "text/javascript", "css": "text/css", "png": "image/png"}[name.rpartition(".")[2]]
        assert file.headers["Content-Type"].startswith(kind)
    script = page.get("/docs/swagger-ui-bundle.js").text
    assert "SwaggerUIBundle" in script
    [described] = re.findall(r'url: "([^"]+)"', page.get("/docs/start.js").text)
    assert page.get(f"/{described}").json()["info"]["title"] == "Smelt"


def test_its_policy_lets_nothing_run_that_is_not_the_services_own(page: httpx.Client) -> None:
    reply = page.get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=", reply.text) == []
