"""Clients that go away, and a service that stops, in the middle of an upload: no row, no object."""

from pathlib import Path

from api.smelts.new_content import SMALL_BYTES
from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.raw_post import RawPost
from tests.support.rows import count_smelts
from tests.support.waiting import wait_until

RECORDING = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\nRIFF\xff\xff\xff\x7fWAVEfmt '
NOTE = (
    b'--b\r\nContent-Disposition: form-data; name="texts"\r\n\r\n'
    + b"A note. " * (1 + SMALL_BYTES // 8)  # a smaller one would be held, and stored at the post's end
    + b"\r\n"
)


def begin_upload(api: RunningApi, cast: Cast) -> RawPost:
    """One input stored whole, and a large one half-way."""
    post = RawPost(api.address, cast.ada.token)
    post.send(NOTE + RECORDING)
    for _ in range(4):
        post.send(bytes(1_000_000))
    wait_until(lambda: len(api.objects()) == 2)
    return post


def test_a_client_that_hangs_up_leaves_nothing(api: RunningApi, cast: Cast, database: Database) -> None:
    post = begin_upload(api, cast)
    post.hang_up()
    wait_until(lambda: list(api.content.iterdir()) == [])  # the folder goes behind what was in it
    assert count_smelts(database) == 0


def test_a_client_that_ends_its_body_too_early_leaves_nothing(
    api: RunningApi, cast: Cast, database: Database
) -> None:
    with begin_upload(api, cast) as post:
        post.send(b"")  # the last chunk, without a last boundary
        status, _, problem = post.reply()
    assert (status, problem["code"]) == (400, "malformed_body")
    wait_until(lambda: api.objects() == [])
    assert count_smelts(database) == 0


def test_a_service_that_stops_leaves_nothing(settings: Settings, cast: Cast, database: Database) -> None:
    with running(settings, grace_seconds=0) as api:
        post = begin_upload(api, cast)
        content: Path = api.content
    assert [path for path in content.rglob("*") if path.is_file()] == []
    assert count_smelts(database) == 0
    post.hang_up()
