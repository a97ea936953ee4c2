"""No string that a client sends holds the event loop, however long it is and whatever it consists of."""

import http.client
import json
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote

import pytest

from api.smelts.options import MAX_FIELD_BYTES
from tests.support.api_processes import OneApi, one_api
from tests.support.api_watch import connection, goes_on
from tests.support.cast import Cast, make_cast
from tests.support.engines import Servers

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}

RUNS: dict[str, Callable[[int], str]] = {
    "combining marks": lambda n: "a" + "\u0301\u0323" * (n // 2),  # both kinds however it is cut
    "turns": lambda n: "\u202e" * n,
    "separators": lambda n: "/\\" * (n // 2),
    "no width": lambda n: "\u200b" * n,
    "blanks": lambda n: " " * n,
    "semicolons": lambda n: ";" * n,
    "commas": lambda n: "a," * (n // 2),
    "quotes": lambda n: '"' * n,
    "backslashes": lambda n: "\\" * n,
    "escaped quotes": lambda n: '\\"' * (n // 2),
    "digits": lambda n: "1" * n,
    "hangul": lambda n: "\u1100\u1161\u11a8" * (n // 3),
    "halves of characters": lambda n: "\ud800" * n,
    "pairs of characters": lambda n: "\U0001f600" * n,
}

# What is sorted, reordered, split, trimmed, and not Unicode at all; `make chaos-short` has the others.
TELLING = ("combining marks", "turns", "separators", "blanks", "halves of characters")
EACH = [pytest.param(name, marks=[] if name in TELLING else pytest.mark.exhaustive) for name in RUNS]

Sent = tuple[str, str, bytes, dict[str, str]]  # method, path, body, headers


@pytest.fixture(scope="module")
def api(servers: Servers, migrated_template: str) -> Iterator[OneApi]:
    with one_api(servers, migrated_template, trusted_proxies=("127.0.0.0/8",)) as api:
        yield api


@pytest.fixture(scope="module")
def cast(api: OneApi) -> Cast:
    return make_cast(api.owner_url, api.settings)


def post_as_json(document: object) -> Sent:
    return ("POST", "/v1/smelts", json.dumps(document).encode(), JSON)


def raw_json(document: object) -> Sent:
    """Without escapes, where the characters can be had without."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return ("POST", "/v1/smelts", body, JSON)


def in_json(run: Callable[[int], str], size: int) -> Iterator[Sent]:
    """Every string of a post as JSON, as it is and escaped."""
    text, name = run(size), run(MAX_FIELD_BYTES)[:MAX_FIELD_BYTES]
    for sent in (post_as_json, raw_json):
        yield sent({"texts": [{"filename": name, "text": "a"}] * 24, "mode": "unknown"})
        yield sent({"texts": [{"filename": text, "text": "a"}]})
        yield sent({"texts": [text], "default_prompt_names": [text]})
        yield sent({text: "a", "texts": ["a"]})
        yield sent({"texts": [{text: text}]})
        for field in ("mode", "language", "vocabulary", "user_prompt_id", "webhook_url", "content_ttl"):
            yield sent({"texts": ["a"], field: text})


def in_a_form(run: Callable[[int], str]) -> Iterator[Sent]:
    text = run(15_000).encode("utf-8", "surrogatepass")[:15_000]
    quoted = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    path = "/v1/smelts"
    for name in (text, quoted):
        for lines in (
            b'Content-Disposition: form-data; name="files"; filename="%s"' % name,
            b'Content-Disposition: form-data; name="%s"' % name,
            b"Content-Disposition: form-data; name=files; %s" % name,
            b'Content-Disposition: form-data; name=files; filename*="%s' % name,
            b"Content-Disposition: form-data; name=files\r\nContent-Type: %s" % name,
        ):
            # As many as the tier takes
            yield ("POST", path, b"--b\r\n%s\r\n\r\na\r\n" % lines * 24 + b"--b--\r\n", FORM)
    for field in (b"vocabulary", b"language", b"webhook_url", b"texts"):
        head = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % field
        yield ("POST", path, (head + text[:8_000] + b"\r\n") * 60 + b"--b--\r\n", FORM)


def in_openai_s_form(run: Callable[[int], str]) -> Iterator[Sent]:
    text = run(8_000).encode("utf-8", "surrogatepass")[:8_000]
    for field in (
        *(b"model", b"language", b"prompt", b"response_format", b"temperature", b"stream", b"other"),
        *(b"timestamp_granularities[]", b"chunking_strategy"),
    ):
        head = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % field
        yield ("POST", "/v1/audio/transcriptions", (head + text + b"\r\n") * 60 + b"--b--\r\n", FORM)


def in_the_library(run: Callable[[int], str]) -> Iterator[Sent]:
    long, title, body = run(10_000), run(200), run(4_000)
    for document in ({"title": title, "body": body}, {"title": long, "body": long}, {long: long}):
        yield ("POST", "/v1/prompts", json.dumps(document).encode()[:60_000], JSON)
    yield ("POST", "/v1/prompt-sections", json.dumps({"title": title}).encode(), JSON)
    for shelf in ("prompts", "prompt-sections"):
        for edit in ({"title": long}, {"section_id": long}, {long: 1}):
            path = f"/v1/{shelf}/01890a5d-ac96-774b-bcce-b302099a8057"
            yield ("PATCH", path, json.dumps(edit).encode()[:60_000], JSON)
    yield ("PUT", "/v1/prompts/order", json.dumps({"ids": [title] * 40}).encode(), JSON)
    yield (
        "POST",
        "/v1/tokens",
        json.dumps({"name": title[:100], "expires_at": long}).encode()[:60_000],
        JSON,
    )
    yield ("PUT", "/v1/api-key", json.dumps({"api_key": long}).encode()[:60_000], JSON)
    for name, content in ((run(3_000), body), ("a.md", long)):
        file = b'--b\r\nContent-Disposition: form-data; name=file; filename="%s.md"\r\n\r\n%s\r\n--b--\r\n'
        encoded = (text.encode("utf-8", "replace") for text in (name, content))
        yield ("POST", "/v1/prompts/upload", file % tuple(encoded), FORM)


def in_the_head(run: Callable[[int], str]) -> Iterator[Sent]:
    text = quote(run(15_000), safe="/;,\".'", errors="replace")[:50_000]
    for name in (
        *("Accept", "Authorization", "X-Request-Id", "Idempotency-Key", "X-Forwarded-For", "Last-Event-ID"),
        *("Content-Type", "Origin", "Cookie", "User-Agent"),
    ):
        for value in (text, f"Bearer {text}", f'multipart/form-data; boundary=b; a="{text}'):
            yield ("POST", "/v1/smelts", b"", {"Content-Length": "0", name: value})
            yield ("GET", "/v1/smelts/01890a5d-ac96-774b-bcce-b302099a8057/outputs", b"", {name: value})
    for query in (
        f"cursor={text}",
        f"limit={text}",
        f"created_after={text}",
        text,
        f"{text}=1",
        f"status={text}",
    ):
        yield ("GET", f"/v1/smelts?{query}", b"", {})
    yield ("GET", f"/v1/smelts/{text}", b"", {})
    yield ("GET", f"/v1/smelts/01890a5d-ac96-774b-bcce-b302099a8057/events?ticket={text}", b"", {})


@pytest.mark.parametrize("name", EACH)
def test_the_service_answers_others_meanwhile(
    api: OneApi, cast: Cast, name: str, subtests: pytest.Subtests
) -> None:
    run = RUNS[name]
    groups = {
        "json": [*in_json(run, 100_000)],
        "form": [*in_a_form(run)],
        "OpenAI's form": [*in_openai_s_form(run)],
        "library": [*in_the_library(run)],
        "head": [*in_the_head(run)],
    }
    for group, requests in groups.items():
        with subtests.test(group=group):
            goes_on(api, partial(_send_all, api, cast, requests))
    assert api.stored() == []


@pytest.mark.parametrize("name", EACH)
def test_also_while_the_largest_body_comes(api: OneApi, cast: Cast, name: str) -> None:
    text = RUNS[name](1_500_000)
    requests = [raw_json({"texts": [{"filename": text, "text": text}], text: text})]
    goes_on(api, partial(_send_all, api, cast, requests))


def _send_all(api: OneApi, cast: Cast, requests: list[Sent]) -> None:
    for method, path, body, headers in requests:
        client = connection(api)
        try:
            client.request(method, path, body, {**cast.ada.headers, **headers})
            status = client.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            continue  # refused while it was sent
        finally:
            client.close()
        assert 200 <= status < 500, (method, path[:40], status)
