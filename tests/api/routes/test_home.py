"""The page at / says what this is, and takes a file as a browser sends it; programs get what they always did."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from pipeline.settings import Settings
from pipeline.states import DefaultPromptName
from tests.api.conftest import running
from tests.support.in_process_worker import do_all_work

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}


class Form(HTMLParser):
    """What a browser makes of the page's form: where it goes, how, and what is in it before anybody has changed it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.inputs: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self.attributes = dict(attrs)
        elif tag == "input":
            self.inputs.append(dict(attrs))

    @property
    def ticked(self) -> list[tuple[str, str]]:
        boxes = [box for box in self.inputs if box["type"] == "checkbox" and "checked" in box]
        return [(str(box["name"]), str(box["value"])) for box in boxes]


@pytest.fixture
def browser(settings: Settings) -> Iterator[httpx.Client]:
    with running(settings) as api, api.client(BROWSER) as client:
        yield client


def test_what_the_form_sends_becomes_markdown(browser: httpx.Client, settings: Settings) -> None:
    form = Form(browser.get("/").text)
    assert (form.attributes["method"], form.attributes["enctype"]) == ("post", "multipart/form-data")
    [file] = [field["name"] for field in form.inputs if field["type"] == "file"]
    assert form.ticked == [("default_prompt_names", "summarize")]
    parts = [
        (str(file), ("notes.md", b"Ann ships on Friday.", "text/markdown")),
        *((name, (None, value.encode(), None)) for name, value in form.ticked),
    ]
    posted = browser.post(f"/{form.attributes['action']}", files=parts)
    assert posted.status_code == 202, posted.text
    do_all_work(settings)
    headers = {"Authorization": f"Bearer {posted.json()['access_token']}", "Accept": "text/markdown"}
    assert (
        "Ann ships on Friday"
        in browser.get(f"/v1/smelts/{posted.json()['id']}/outputs", headers=headers).text
    )


def test_every_default_prompt_can_be_ticked_and_the_token_is_never_a_field(browser: httpx.Client) -> None:
    inputs = Form(browser.get("/").text).inputs
    assert {box["value"] for box in inputs if box["type"] == "checkbox"} == {*DefaultPromptName}
    [token] = [field for field in inputs if field["type"] == "password"]
    assert "name" not in token


def test_it_runs_and_asks_nothing_but_the_services_own(browser: httpx.Client) -> None:
    reply = browser.get("/")
    assert (reply.status_code, reply.headers["Vary"]) == (200, "Accept")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert (
        re.findall(r"<script(?![^>]*src=)|<style|style=|\son\w+=|//", reply.text.partition("<head>")[2]) == []
    )
    kinds = {"js": "text/javascript", "css": "text/css"}
    named = re.findall(r'(?:src|href)="(home/[^"]+)"', reply.text)
    assert {name.rpartition(".")[2] for name in named} == kinds.keys()
    for name in named:
        file = browser.get(f"/{name}")
        assert file.headers["Content-Type"].startswith(kinds[name.rpartition(".")[2]])
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    script = browser.get("/home/home.js").text
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?:", script) == []


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "application/json, text/html;q=0.9"])
def test_programs_get_what_they_always_did(browser: httpx.Client, accept: str) -> None:
    reply = browser.get("/", headers={"Accept": accept})
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    assert "/docs" in reply.json()["detail"]
