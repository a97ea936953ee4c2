"""Bad input gets a clear answer, names each bad part, and leaves no row and no object behind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.raw_post import RawPost
from tests.support.rows import count_smelts

RECORDINGS = Path(__file__).parent.parent.parent / "recordings"
SUMMARIZE = {"default_prompt_names": "summarize"}
Files = list[tuple[str, tuple[str | None, bytes | str]]]


@pytest.fixture(autouse=True)
def _nothing_left_behind(api: RunningApi, database: Database) -> Iterator[None]:
    yield
    assert api.objects() == []
    assert count_smelts(database) == 0


def refused(reply: httpx.Response, status: int, code: str) -> list[dict[str, Any]]:
    """The faults that the answer names."""
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    faults: list[dict[str, Any]] = reply.json().get("errors", [])
    return faults


BAD_FILES = [
    ("empty.wav", b"", 422, "empty_input"),
    ("empty.txt", b"", 422, "empty_input"),
    ("blank.txt", b" \n\t ", 422, "empty_input"),
    ("text.mp3", b"This is no recording at all.", 415, "unsupported_format"),
    ("latin1.txt", "Äpfel und Birnen".encode("latin-1"), 415, "unsupported_format"),
    ("binary.txt", b"abc\x00\x01\x02" * 100, 415, "unsupported_format"),
    ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "unsupported_format"),
    ("list.m3u8", (RECORDINGS / "playlist.m3u8").read_bytes(), 415, "unsupported_format"),
    ("list.txt", (RECORDINGS / "playlist.ffconcat").read_bytes(), 415, "unsupported_format"),
]


def test_a_file_that_can_not_be_taken_is_named(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for name, content, status, code in BAD_FILES:
        with subtests.test(name=name):
            reply = ada.post("/v1/smelts", files=[("files", (name, content))], data=SUMMARIZE)
            [fault] = refused(reply, status, "unsupported_format" if status == 415 else "validation_failed")
            assert (fault["field"], fault["part"], fault["filename"], fault["code"]) == (
                "files",
                0,
                name,
                code,
            )


def test_every_bad_part_is_named_in_one_answer(ada: httpx.Client) -> None:
    files: Files = [
        ("files", ("good.txt", "good")),
        ("files", ("empty.txt", "")),
        ("files", ("fake.mp3", "no recording")),
        ("texts", (None, "   ")),
        ("mode", (None, "sideways")),
        ("default_prompt_names", (None, "haiku")),
        ("content_ttl", (None, "59")),
        ("language", (None, "klingon")),
        ("webhook_url", (None, "https://example.org/hook")),
        ("colour", (None, "red")),
    ]
    faults = refused(ada.post("/v1/smelts", files=files), 415, "unsupported_format")
    assert {(fault.get("field"), fault.get("part"), fault["code"]) for fault in faults} == {
        ("files", 1, "empty_input"),
        ("files", 2, "unsupported_format"),
        ("texts", 3, "empty_input"),
        ("mode", None, "invalid_value"),
        ("default_prompt_names", None, "invalid_value"),
        ("content_ttl", None, "invalid_value"),
        ("language", None, "invalid_value"),
        ("webhook_url", None, "invalid_value"),
        ("colour", None, "unknown_field"),
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("text", "texts"),
        ("Language", "language"),
        ("default_prompts", "default_prompt_names"),
        ("default_prompt_names[]", "default_prompt_names"),
        ("webhook", "webhook_url"),
        ("ttl", None),
        ("colour", None),
        ("x" * 8_000, None),
    ],
)
def test_an_unknown_field_is_told_with_the_one_that_was_meant(
    ada: httpx.Client, name: str, meant: str | None
) -> None:
    document = {"texts": ["x"], "default_prompt_names": ["summarize"], name: "x"}
    form: Files = [(name, (None, "x")), ("texts", (None, "x")), ("default_prompt_names", (None, "summarize"))]
    for reply in (ada.post("/v1/smelts", json=document), ada.post("/v1/smelts", files=form)):
        [fault] = refused(reply, 422, "validation_failed")
        asked = f" Did you mean `{meant}`?" if meant else ""
        assert (fault["field"], fault["detail"]) == (name[:64], f"There is no such field.{asked}")


BAD_DOCUMENTS = [
    ({"texts": ["x"]}, "default_prompt_names"),
    ({"default_prompt_names": ["summarize"]}, "files"),
    ({"texts": ["x"], "default_prompt_names": ["haiku"]}, "default_prompt_names"),
    ({"texts": ["x"], "default_prompt_names": "summarize"}, "default_prompt_names"),
    ({"texts": "x", "default_prompt_names": ["summarize"]}, "texts"),
    ({"texts": [3], "default_prompt_names": ["summarize"]}, "texts"),
    ({"texts": [{"text": "x", "more": 1}], "default_prompt_names": ["summarize"]}, "texts"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "content_ttl": "60"}, "content_ttl"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "content_ttl": True}, "content_ttl"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "content_ttl": 604_801}, "content_ttl"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "vocabulary": "a" * 2_001}, "vocabulary"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "vocabulary": "a\ud800"}, "vocabulary"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "mode": 1}, "mode"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "speakers": "maybe"}, "speakers"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "speakers": 1}, "speakers"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "channels": "both"}, "channels"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "min_speakers": 2}, "min_speakers"),
    (
        {"texts": ["x"], "default_prompt_names": ["summarize"], "speakers": True, "max_speakers": 33},
        "max_speakers",
    ),
    (
        {
            "texts": ["x"],
            "default_prompt_names": ["summarize"],
            "speakers": True,
            "min_speakers": 3,
            "max_speakers": 2,
        },
        "max_speakers",
    ),
    (
        {"texts": ["x"], "default_prompt_names": ["summarize"], "speakers": True, "channels": "separate"},
        "speakers",
    ),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "user_prompt_id": "mine"}, "user_prompt_id"),
    ({"texts": ["x"], "default_prompt_names": ["summarize"], "extra": 1}, "extra"),
]


def test_a_bad_field_of_a_json_body_is_named(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for document, field in BAD_DOCUMENTS:
        with subtests.test(document=document):
            body = json.dumps(document)
            reply = ada.post("/v1/smelts", content=body, headers={"Content-Type": "application/json"})
            faults = refused(reply, 422, "validation_failed")
            assert field in {fault.get("field") for fault in faults}


def test_half_a_character_is_no_text(ada: httpx.Client) -> None:
    body = '{"texts": ["a\\ud800"], "default_prompt_names": ["summarize"]}'
    reply = ada.post("/v1/smelts", content=body, headers={"Content-Type": "application/json"})
    [fault] = refused(reply, 415, "unsupported_format")
    assert fault["part"] == 0


NO_OBJECTS: list[str | bytes] = ["", "{", "[]", '"x"', "[" * 100_000, '{"texts": NaN', b"\xff\xfe"]


def test_a_body_that_is_no_json_object_is_malformed(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for body in NO_OBJECTS:
        with subtests.test(body=body):
            reply = ada.post("/v1/smelts", content=body, headers={"Content-Type": "application/json"})
            refused(reply, 400, "malformed_body")


def test_a_single_field_may_not_come_twice(ada: httpx.Client) -> None:
    files: Files = [("texts", (None, "x")), ("mode", (None, "separate")), ("mode", (None, "combine"))]
    [fault] = refused(ada.post("/v1/smelts", files=files, data=SUMMARIZE), 422, "validation_failed")
    assert (fault["field"], fault["code"]) == ("mode", "duplicate_field")
    body = '{"texts": ["x"], "default_prompt_names": ["summarize"], "mode": "separate", "mode": "combine"}'
    reply = ada.post("/v1/smelts", content=body, headers={"Content-Type": "application/json"})
    [fault] = refused(reply, 422, "validation_failed")
    assert fault["code"] == "duplicate_field"


MANY_FAULTS: list[tuple[str, str]] = [
    ("default_prompt_names", ",".join(['"x"'] * 100_000)),
    ("texts", ",".join(["1"] * 100_000)),
    ("texts", ",".join(['{"a":1,"a":1}'] * 100_000)),
]


def test_a_small_body_can_not_ask_for_a_huge_answer(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    bodies = [f'{{"{name}": [{values}]}}' for name, values in MANY_FAULTS]
    bodies.append("{" + ",".join(f'"x{number}": 1' for number in range(100_000)) + "}")
    for body in bodies:
        with subtests.test(body=body[:40]):
            reply = ada.post("/v1/smelts", content=body, headers={"Content-Type": "application/json"})
            assert refused(reply, 422, "validation_failed")
            assert len(reply.content) < 10_000


OTHER_TYPES = ["text/plain", "application/x-www-form-urlencoded", ""]


def test_another_content_type_is_refused(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for content_type in OTHER_TYPES:
        with subtests.test(content_type=content_type):
            reply = ada.post("/v1/smelts", content=b"hello", headers={"Content-Type": content_type})
            refused(reply, 415, "unsupported_media_type")


BROKEN_BODIES = [
    b"",
    b"no boundary at all",
    b'--b\r\nContent-Disposition: form-data; name="texts"\r\n\r\ncut off',
    b'--b\r\nContent-Disposition: form-data; name="texts"\r\n\r\nno last boundary\r\n--b\r\n',
    b"--b\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="' + b"a" * 20_000 + b'"\r\n\r\nx\r\n--b--\r\n',
]


def test_a_broken_multipart_body_is_malformed(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for body in BROKEN_BODIES:
        with subtests.test(body=body):
            reply = ada.post(
                "/v1/smelts", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
            )
            refused(reply, 400, "malformed_body")


def test_a_multipart_body_needs_a_boundary(ada: httpx.Client) -> None:
    reply = ada.post("/v1/smelts", content=b"x", headers={"Content-Type": "multipart/form-data"})
    refused(reply, 400, "malformed_body")


def test_ten_thousand_parts_are_refused_at_the_first_too_many(ada: httpx.Client) -> None:
    files: Files = [("files", (f"{number}.txt", "x")) for number in range(10_000)]
    [fault] = refused(ada.post("/v1/smelts", files=files), 422, "validation_failed")
    assert fault["code"] == "too_many_inputs"


def test_too_many_fields_are_refused(ada: httpx.Client) -> None:
    files: Files = [("default_prompt_names", (None, "summarize")) for _ in range(10_000)]
    [fault] = refused(ada.post("/v1/smelts", files=files), 422, "validation_failed")
    assert fault["code"] == "too_many_fields"


def test_a_text_over_the_tiers_size_is_refused(visitor: httpx.Client) -> None:
    files: Files = [("files", ("long.txt", "x" * 200_001))]
    [fault] = refused(visitor.post("/v1/smelts", files=files, data=SUMMARIZE), 413, "file_too_large")
    assert fault["filename"] == "long.txt"
    document = {"texts": ["x" * 200_001], **SUMMARIZE}
    refused(visitor.post("/v1/smelts", json=document), 413, "file_too_large")


def test_a_recording_over_the_tiers_size_is_refused_while_it_streams_in(api: RunningApi) -> None:
    with RawPost(api.address) as post:
        post.send(b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n')
        post.send(b"RIFF\xff\xff\xff\x7fWAVEfmt ")
        for _ in range(26):
            post.send(bytes(1_000_000))
        # The body hasn't ended, and the answer is there.
        status, headers, problem = post.reply()
    assert (status, problem["code"], problem["errors"][0]["filename"]) == (413, "file_too_large", "a.wav")
    assert headers["connection"] == "close"


def test_a_smelt_over_the_tiers_size_is_refused_by_its_declared_length(
    api: RunningApi, visitor: httpx.Client
) -> None:
    files: Files = [("files", ("a.wav", bytes(30_000_000)))]
    refused(visitor.post("/v1/smelts", files=files), 413, "file_too_large")


def test_inputs_that_are_too_large_together_are_refused(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"credits_smelt_bytes": 1_000})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        files: Files = [("files", (f"{number}.txt", "x" * 400)) for number in range(3)]
        refused(ada.post("/v1/smelts", files=files, data=SUMMARIZE), 413, "file_too_large")
        assert api.objects() == []


def test_a_json_body_is_refused_as_soon_as_it_is_too_large(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"json_bytes": 1_000})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        refused(ada.post("/v1/smelts", json={"texts": ["x" * 1_000]}), 413, "file_too_large")


def test_a_visitor_must_sign_in_for_more(visitor: httpx.Client) -> None:
    for document in (
        {"texts": ["x", "y"], "default_prompt_names": ["summarize"]},
        {"texts": ["x"], "default_prompt_names": ["summarize"], "mode": "combine"},
        {"texts": ["x"], "user_prompt_id": "01890a5d-ac96-774b-bcce-b302099a8057"},
    ):
        refused(visitor.post("/v1/smelts", json=document), 403, "sign_in_required")


def test_a_prompt_that_is_missing_or_anothers_gets_one_answer(settings: Settings, cast: Cast) -> None:
    with running(settings.model_copy(update={"llm_base_url": "http://127.0.0.1:9/v1"})) as api:
        with api.client(cast.bob.headers) as bob:
            bobs = bob.post("/v1/prompts", json={"title": "Mine", "body": "Keep out."}).json()["id"]
        with api.client(cast.ada.headers) as ada:
            replies = [
                ada.post("/v1/smelts", json={"texts": ["x"], "user_prompt_id": prompt})
                for prompt in (bobs, "01890a5d-ac96-774b-bcce-b302099a8057")
            ]
        assert api.objects() == []
    for reply in replies:
        [fault] = refused(reply, 422, "validation_failed")
        assert fault["field"] == "user_prompt_id"
    assert replies[0].json() == replies[1].json()


def test_an_own_prompt_needs_a_language_model(ada: httpx.Client) -> None:
    prompt = ada.post("/v1/prompts", json={"title": "Poem", "body": "Write a poem."}).json()["id"]
    reply = ada.post("/v1/smelts", json={"texts": ["x"], "user_prompt_id": prompt})
    refused(reply, 422, "prompt_needs_model")


def test_what_was_sent_is_never_repeated(ada: httpx.Client) -> None:
    secret = "unrepeatable"
    reply = ada.post(
        "/v1/smelts", json={"texts": [secret], "mode": secret, "language": secret, "vocabulary": 3}
    )
    refused(reply, 422, "validation_failed")
    assert secret not in reply.text
