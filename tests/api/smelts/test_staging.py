"""What isn't admitted yet can't fill the store: it is bounded for each caller, in all, and by the free space."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.raw_post import RawPost
from tests.support.waiting import wait_until

NOTE = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%d.txt"\r\n\r\n'
TEXT = b"All of it is text. " * 50_000  # not quite a megabyte
END = b'\r\n--b\r\nContent-Disposition: form-data; name="default_prompt_names"\r\n\r\nsummarize\r\n--b--\r\n'
LARGEST = 6_000_000  # with what boundaries may add


@pytest.fixture
def api(settings: Settings) -> Iterator[RunningApi]:
    """One caller may stage 6 MB, all together 13 MB."""
    limits = {
        "credits_smelt_bytes": LARGEST - 4_000_000,
        "staged_bytes_per_caller": 0,
        "staged_bytes": 13_000_000,
    }
    with running(settings.model_copy(update=limits)) as api:
        yield api


def begun(api: RunningApi, token: str, parts: int) -> RawPost:
    """A post under way that has brought so many parts of a megabyte."""
    post = RawPost(api.address, token)
    for number in range(parts):
        post.send(PART % number + TEXT + (b"\r\n" if number < parts - 1 else b""))
    return post


def taken_in(post: RawPost) -> bool:
    """Sends the end of the post."""
    post.send(END)
    post.send(b"")
    return post.reply()[0] == 202


def smelts(api: RunningApi) -> set[str]:
    """Those of which anything is stored."""
    return {path.parent.name for path in api.objects()}


def staged(api: RunningApi) -> int:
    return sum(path.stat().st_size for path in api.objects())


def refused_as_busy(reply: tuple[int, dict[str, str], dict[str, object]]) -> str:
    status, headers, problem = reply
    assert (status, problem["code"]) == (503, "busy"), problem
    assert int(headers["retry-after"]) > 0
    return str(problem["detail"])


def test_a_callers_unfinished_posts_are_bounded_together(
    api: RunningApi, cast: Cast, bob: httpx.Client
) -> None:
    with ExitStack() as stack:
        posts = [stack.enter_context(begun(api, cast.ada.token, 2)) for _ in range(3)]
        wait_until(lambda: api.services.staging.by(f"user:{cast.ada.id}") > 6 * len(TEXT))
        wait_until(lambda: len(smelts(api)) == 3)
        before = smelts(api)
        with begun(api, cast.ada.token, 1) as fourth:
            assert "Your posts" in refused_as_busy(fourth.reply())
        wait_until(lambda: smelts(api) == before)  # nothing of the fourth is left
        assert bob.post("/v1/smelts", json=NOTE).status_code == 202
        posts[0].hang_up()
        wait_until(lambda: len(smelts(api) & before) == 2)
        for post in posts[1:]:  # they had not been touched
            assert taken_in(post)
    with begun(api, cast.ada.token, 1) as another:
        assert taken_in(another)


def test_a_post_that_was_admitted_counts_no_more(api: RunningApi, cast: Cast) -> None:
    for _ in range(4):
        with begun(api, cast.ada.token, 2) as post:
            assert taken_in(post)


def test_all_unfinished_posts_are_bounded_together(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"staged_bytes": 2_500_000})) as api,
        begun(api, cast.ada.token, 2),
    ):
        # All of Ada's first: else what Bob sends may be taken before it, and Ada be refused
        wait_until(lambda: api.services.staging.by(f"user:{cast.ada.id}") > 2 * len(TEXT))
        with begun(api, cast.bob.token, 1) as bobs:
            assert "All posts" in refused_as_busy(bobs.reply())


def test_nothing_is_taken_where_too_little_space_is_free(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"content_free_bytes": 10**18})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        reply = ada.post("/v1/smelts", json=NOTE)
        assert (reply.status_code, reply.json()["code"]) == (503, "busy")
        assert "Retry-After" in reply.headers
        assert api.objects() == []


def test_a_post_under_way_ends_when_it_would_take_the_last_space(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings.model_copy(update={"content_free_bytes": 1_000_000})) as api:
        disk = list(os.statvfs(api.content))

        def small(_: object) -> os.statvfs_result:
            disk[1], disk[4] = 1, 4_500_000 - staged(api)  # blocks of a byte, and those that are free
            return os.statvfs_result(disk)

        monkeypatch.setattr(os, "statvfs", small)
        with begun(api, cast.ada.token, 3) as post:
            wait_until(lambda: len(api.objects()) >= 2)
            for _ in range(2):  # what isn't written yet is taken into account for a second only
                post.send(TEXT)
            assert "no room" in refused_as_busy(post.reply())
        wait_until(lambda: api.objects() == [])


def test_a_disk_that_is_full_all_the_same_leaves_nothing(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with running(settings) as api, api.client(cast.ada.headers) as ada:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            reply = ada.post("/v1/smelts", json=NOTE)
        assert reply.status_code == 503
        assert "Retry-After" in reply.headers
        assert api.objects() == []
        assert ada.post("/v1/smelts", json=NOTE).status_code == 202


def test_the_largest_smelt_of_each_tier_may_be_staged(settings: Settings) -> None:
    assert settings.staged_bytes > max(settings.own_key_smelt_bytes, settings.local_smelt_bytes)
