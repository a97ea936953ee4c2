"""What HTTP clients do unasked: HEAD, a slash too many, a `+` as it is, packed bodies, file inputs without a choice."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest

from pipeline.concurrency import Kind
from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.support.in_process_worker import do_all_work
from tests.support.waiting import wait_until

SUMMARIZE = {"default_prompt_names": ["summarize"]}
DOCUMENT = {"texts": ["Ann ships the report on Friday."], **SUMMARIZE}
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
ALIKE = ("content-type", "content-length", "cache-control", "content-disposition", "www-authenticate")


def a_smelt(client: httpx.Client) -> dict[str, Any]:
    smelt: dict[str, Any] = client.post("/v1/smelts", json=DOCUMENT).raise_for_status().json()
    return smelt


# HEAD


def test_head_is_get_without_the_body(
    api: RunningApi, ada: httpx.Client, settings: Settings, subtests: pytest.Subtests
) -> None:
    smelt = a_smelt(ada)
    do_all_work(settings)
    ids = {
        "smelt_id": smelt["id"],
        "output_id": smelt["outputs"][0]["id"],
        "file_id": smelt["files"][0]["id"],
        "model_id": "whisper-1",
    }
    paths = ada.get("/openapi.json").json()["paths"]
    readable = [path for path, operations in paths.items() if "get" in operations]
    assert len(readable) > 15
    for path in [*readable, "/docs", "/openapi.json", "/nowhere"]:
        with subtests.test(path):
            url = path.format_map(Filled(ids))
            head, got = ada.head(url), ada.get(url)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert {name: head.headers.get(name) for name in ALIKE} == {
                name: got.headers.get(name) for name in ALIKE
            }
    for refused in (ada, api.client(headers={"Authorization": "Bearer nobody"})):
        for url in ("/v1/models", "/v1/models/nope", "/v1/audio/nope", "/v1/audio/transcriptions"):
            with subtests.test("an error in OpenAI's shape", url=url):
                head, got = refused.head(url), refused.get(url)
                assert (head.status_code, head.content) == (got.status_code, b"")
                assert head.headers["content-type"] == got.headers["content-type"] == "application/json"
    assert ada.head("/v1/smelts/ticket").status_code == 404
    assert ada.head(f"/v1/smelts/{smelt['id']}/cancel").status_code == 405
    assert api.client().head("/v1/profile").status_code == 401


class Filled(dict[str, str]):
    """Ids that aren't given are of nothing that exists."""

    def __missing__(self, name: str) -> str:
        return "01890a5d-ac96-774b-bcce-b302099a8057"


def test_head_of_a_stream_ends_and_keeps_the_connection(api: RunningApi, ada: httpx.Client) -> None:
    smelt = a_smelt(ada)
    for _ in range(3):
        reply = ada.head(f"/v1/smelts/{smelt['id']}/events")
        assert (reply.status_code, reply.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
    assert ada.get("/v1/profile").is_success
    wait_until(lambda: api.places.taken(Kind.STREAMS) == 0)


# A slash too many


def test_a_slash_at_the_end_changes_nothing(api: RunningApi, ada: httpx.Client) -> None:
    reply = ada.post("/v1/smelts/", json=DOCUMENT)
    assert reply.status_code == 202
    smelt = f"/v1/smelts/{reply.json()['id']}"
    assert ada.get(f"{smelt}/").json() == ada.get(smelt).json()
    assert [item["id"] for item in ada.get("/v1/smelts/?limit=1").json()["items"]] == [reply.json()["id"]]
    assert ada.get("/healthz/").text == "ok\n"
    assert ada.post("/v1/audio/transcriptions/", json={}).json()["error"]["code"] == "unsupported_media_type"
    assert ada.get("/v1/smelts//").status_code == 404


# Times in queries


@pytest.mark.parametrize(
    "time",
    [
        "2000-01-01T00:00:00+00:00",
        "2000-01-01T00:00:00.123456+02:00",
        "2000-01-01T00:00:00+0200",
        "2000-01-01 00:00:00+02:00",
        "2000-01-01T00:00+02:00",
        "2000-01-01T00:00:00-02:00",
        "2000-01-01T00:00:00Z",
        "2000-01-01T00:00:00%2B02:00",
    ],
)
def test_a_plus_may_stand_in_a_time_as_it_is(ada: httpx.Client, time: str) -> None:
    smelt = a_smelt(ada)

    def found(name: str) -> list[str]:
        reply = ada.get(f"/v1/smelts?{name}={time.replace(' ', '%20')}")
        assert reply.status_code == 200, reply.text
        return [item["id"] for item in reply.json()["items"]]

    assert found("created_after") == [smelt["id"]]
    assert found("created_before") == []


@pytest.mark.parametrize(
    "time", ["2000-01-01T00:00:00", "2000-01-01 00:00", "yesterday", "+", " ", "%20" * 90]
)
def test_what_is_no_time_is_refused_with_the_fields_name(ada: httpx.Client, time: str) -> None:
    reply = ada.get(f"/v1/smelts?created_after={time.replace(' ', '%20')}")
    assert reply.status_code == 422
    assert [fault["field"] for fault in reply.json()["errors"]] == ["created_after"]


# Packed bodies


def packed_parts(count: int = 1) -> bytes:
    """The document as gzip files that follow each other."""
    body = json.dumps(DOCUMENT).encode()
    size = -(-len(body) // count)
    return b"".join(gzip.compress(body[start : start + size]) for start in range(0, len(body), size))


@pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_a_packed_body_is_unpacked(ada: httpx.Client, name: str) -> None:
    for body in (packed_parts(), packed_parts(3), gzip.compress(b"") + packed_parts()):
        reply = ada.post("/v1/smelts", content=body, headers={**GZIP, "Content-Encoding": name})
        assert reply.status_code == 202, reply.text
    assert ada.post(
        "/v1/smelts", content=json.dumps(DOCUMENT), headers={**GZIP, "Content-Encoding": "identity"}
    ).is_success
    new = json.dumps({"title": "Short", "body": "Be short."}).encode()
    assert ada.post("/v1/prompts", content=gzip.compress(new), headers=GZIP).status_code == 201


def test_a_packed_form_has_the_same_fingerprint(ada: httpx.Client) -> None:
    request = ada.build_request(
        "POST",
        "/v1/smelts",
        files={"files": ("a.txt", "Ann ships. " * 20_000)},
        data=SUMMARIZE,
        headers={"Idempotency-Key": "packed"},
    )
    body = request.read()
    plain = ada.send(request)
    headers = {
        "Content-Type": request.headers["Content-Type"],
        "Idempotency-Key": "packed",
        "Content-Encoding": "gzip",
    }
    again = ada.post("/v1/smelts", content=gzip.compress(body), headers=headers)
    assert (plain.status_code, again.status_code, again.json()["id"]) == (202, 202, plain.json()["id"])


BAD_PACKED = [
    ("gzip", b"", "malformed_body"),
    ("gzip", b"not packed", "malformed_body"),
    ("gzip", packed_parts()[:-4], "malformed_body"),
    ("gzip", packed_parts()[:-1], "malformed_body"),
    ("gzip", packed_parts() + b"more", "malformed_body"),
    ("gzip", zlib.compress(json.dumps(DOCUMENT).encode()), "malformed_body"),
    ("br", packed_parts(), "unsupported_media_type"),
    ("deflate", packed_parts(), "unsupported_media_type"),
    ("gzip, gzip", gzip.compress(packed_parts()), "unsupported_media_type"),
    (", ".join(["identity"] * 50 + ["br"]), packed_parts(), "unsupported_media_type"),
]


def test_what_cannot_be_unpacked_is_refused(
    api: RunningApi, ada: httpx.Client, subtests: pytest.Subtests
) -> None:
    for name, body, code in BAD_PACKED:
        with subtests.test(name=name, body=body[:10]):
            reply = ada.post("/v1/smelts", content=body, headers={**GZIP, "Content-Encoding": name})
            assert (reply.json()["code"], reply.is_client_error) == (code, True)
            taken = "gzip" if code == "unsupported_media_type" else None
            assert reply.headers.get("Accept-Encoding") == taken
    assert api.objects() == []


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Two hundred megabytes in two hundred kilobytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b'--b\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n')
    return head + b"".join(packer.compress(b"a" * 1_000_000) for _ in range(200)) + packer.flush()


@pytest.mark.parametrize("path", ["/v1/smelts", "/v1/prompts", "/v1/audio/transcriptions"])
def test_a_bomb_is_refused_long_before_it_is_unpacked(
    api: RunningApi, ada: httpx.Client, bomb: bytes, path: str
) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "multipart/form-data; boundary=b"}
    reply = ada.post(path, content=bomb, headers=headers)
    assert reply.status_code == 413
    assert path == "/v1/prompts" or "unpack to 100 times its size" in reply.text
    assert api.objects() == []
    assert ada.get("/healthz").is_success


def test_many_empty_gzip_files_in_a_row_are_no_bomb_either(ada: httpx.Client) -> None:
    body = gzip.compress(b"") * 50_000 + packed_parts()
    assert ada.post("/v1/smelts", content=body, headers=GZIP).status_code == 202


@pytest.mark.parametrize("path", ["/v1/smelts", "/v1/prompts", "/v1/audio/transcriptions"])
def test_a_packed_body_of_which_nothing_ever_comes_is_refused(ada: httpx.Client, path: str) -> None:
    """Neither by empty gzip files nor by one with empty blocks: what comes out alone would never be too much."""
    form = {"Content-Encoding": "gzip", "Content-Type": "multipart/form-data; boundary=b"}
    begun, empty_block = gzip.compress(b"")[:10], b"\0\0\0\xff\xff"
    for body in (gzip.compress(b"") * 150_000, begun + empty_block * 600_000):
        reply = ada.post(path, content=body, headers=form)
        assert reply.status_code == 400


# Forms of browsers


def multipart(*parts: tuple[bytes, bytes]) -> bytes:
    """Parts as a browser writes them: parameters of their names, and content."""
    return (
        b"".join(
            b"--b\r\nContent-Disposition: form-data; name=" + name + b"\r\n\r\n" + content + b"\r\n"
            for name, content in parts
        )
        + b"--b--\r\n"
    )


FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PROMPT = (b'"default_prompt_names"', b"summarize")
NO_FILE = (b'"files"; filename=""\r\nContent-Type: application/octet-stream', b"")


def test_a_file_input_in_which_nothing_was_chosen_is_none(ada: httpx.Client, visitor: httpx.Client) -> None:
    for client in (ada, visitor):  # a visitor may send one input
        body = multipart(NO_FILE, (b'"texts"', b"Ann ships."), NO_FILE, PROMPT)
        reply = client.post("/v1/smelts", content=body, headers=FORM)
        assert reply.status_code == 202, reply.text
        assert [file["position"] for file in reply.json()["files"]] == [0]
    reply = ada.post("/v1/smelts", content=multipart(NO_FILE, PROMPT), headers=FORM)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "missing")
    unnamed = (b'"files"; filename=""', b"Ann ships.")
    reply = ada.post("/v1/smelts", content=multipart(unnamed, PROMPT), headers=FORM)
    assert [file["filename"] for file in reply.json()["files"]] == ["file-1"]
    reply = ada.post("/v1/smelts", content=multipart(*[NO_FILE] * 100, PROMPT), headers=FORM)
    assert reply.json()["errors"][0]["code"] == "too_many_fields"


@pytest.mark.parametrize("name", ["file", "audio", "files[]", "upload"])
def test_a_file_in_an_unknown_field_is_told_where_it_belongs(
    api: RunningApi, ada: httpx.Client, name: str
) -> None:
    reply = ada.post("/v1/smelts", files={name: ("a.txt", "x" * 100_000)}, data=SUMMARIZE)
    assert reply.status_code == 422
    [fault] = reply.json()["errors"]
    assert (fault["field"], fault["code"]) == (name, "unknown_field")
    assert fault["detail"] == "Send files in `files`; this field takes none."
    assert api.objects() == []


def test_a_terminals_colours_and_the_mark_of_the_end_are_left_out(
    ada: httpx.Client, settings: Settings
) -> None:
    files = {"files": ("build.log", b"\x1b[32mAnn ships on Friday.\x1b[0m\r\n\x1a")}
    smelt = ada.post("/v1/smelts", files=files, data=SUMMARIZE).raise_for_status().json()
    do_all_work(settings)
    text = ada.get(f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}/transcript").text
    assert text == "Ann ships on Friday.\r\n"
