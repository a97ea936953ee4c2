"""A sender gets the recording back, whole or in parts; nobody else does, and no one once its content is gone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.concurrency import Kind
from pipeline.content.sealing import CHUNK_BYTES
from tests.api.conftest import RunningApi

RECORDINGS = Path(__file__).parents[2] / "recordings"
SENT = (RECORDINGS / "speech.wav").read_bytes()


@pytest.fixture
def sent(ada: httpx.Client) -> str:
    """The address of a recording of several chunks."""
    parts: list[tuple[str, Any]] = [("files", ("Größe.wav", SENT)), ("files", ("notes.md", b"Ann ships."))]
    smelt = ada.post("/v1/smelts", files=[*parts, ("default_prompt_names", (None, "summarize"))]).json()
    assert len(SENT) > CHUNK_BYTES
    return f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}/audio"


def test_the_whole_recording_comes_back_as_it_was_sent(ada: httpx.Client, sent: str) -> None:
    reply = ada.get(sent)
    assert (reply.status_code, reply.content) == (200, SENT)
    assert reply.headers["Content-Type"] == "audio/wav"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Content-Disposition"] == "inline; filename*=UTF-8''Gr%C3%B6%C3%9Fe.wav"
    assert reply.headers["Cache-Control"] == "no-store"
    head = ada.head(sent)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(SENT)), b"")


RANGES = {
    "bytes=0-99": (0, 100),
    f"bytes={CHUNK_BYTES - 5}-{CHUNK_BYTES + 4}": (CHUNK_BYTES - 5, CHUNK_BYTES + 5),
    "bytes=-7": (len(SENT) - 7, len(SENT)),
    f"bytes={len(SENT) - 3}-": (len(SENT) - 3, len(SENT)),
}


def test_a_range_is_exactly_that_part(ada: httpx.Client, sent: str, subtests: pytest.Subtests) -> None:
    for asked, (start, end) in RANGES.items():
        with subtests.test(asked=asked):
            reply = ada.get(sent, headers={"Range": asked})
            assert (reply.status_code, reply.content) == (206, SENT[start:end])
            assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(SENT)}"
            assert reply.headers["Content-Length"] == str(end - start)


def test_a_range_of_what_is_not_there_and_one_on_a_condition(ada: httpx.Client, sent: str) -> None:
    assert ada.head(sent, headers={"Range": "bytes=0-1"}).status_code == 200
    behind = ada.get(sent, headers={"Range": f"bytes={len(SENT)}-"})
    assert (behind.status_code, behind.json()["code"]) == (416, "range_not_satisfiable")
    assert behind.headers["Content-Range"] == f"bytes */{len(SENT)}"
    etag = ada.head(sent).headers["ETag"]
    assert ada.get(sent, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert ada.get(sent, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_others_a_text_and_what_is_deleted(ada: httpx.Client, bob: httpx.Client, sent: str) -> None:
    assert bob.get(sent).status_code == 404
    smelt = ada.get(sent.split("/files/", maxsplit=1)[0]).json()
    text = ada.get(f"/v1/smelts/{smelt['id']}/files/{smelt['files'][1]['id']}/audio")
    assert (text.status_code, text.json()["code"]) == (422, "no_audio")
    ada.delete(f"/v1/smelts/{smelt['id']}/content").raise_for_status()
    gone = ada.get(sent)
    assert (gone.status_code, gone.json()["code"]) == (410, "content_expired")


def test_a_recording_that_is_taken_slowly_holds_a_place_of_its_own(
    api: RunningApi, ada: httpx.Client, sent: str
) -> None:
    with ada.stream("GET", sent) as reply:
        assert next(reply.iter_raw(1_000))
        assert api.places.taken(Kind.RECORDINGS) <= 1
    assert api.places.taken(Kind.LARGE) == 0
