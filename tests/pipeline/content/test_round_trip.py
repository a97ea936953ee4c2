"""A store is asked whether it takes and gives back content, and says in plain words why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.content.errors import ContentUnavailable
from pipeline.content.round_trip import round_trip
from pipeline.content.store import ContentStore
from tests.support.s3_server import S3Server, running_s3


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with running_s3() as server:
        server.let_in(monkeypatch)
        yield server


def why_not(url: str = "s3://content/prefix", *, allow_http: bool = True) -> str:
    with pytest.raises(ContentUnavailable) as caught:
        round_trip(ContentStore.open_url(url, allow_http=allow_http, hasty=True))
    said = str(caught.value)
    assert not any(secret in said for secret in ("planted-secret", "127.0.0.1", "prefix"))
    return said


def test_a_bucket_is_put_read_and_left_empty(s3: S3Server) -> None:
    round_trip(ContentStore.open_url("s3://content/prefix", allow_http=True, hasty=True))
    assert [one.split()[0] for one in s3.asked] == ["PUT", "HEAD", "GET", "POST"]
    assert s3.objects == {}


def test_a_folder_is_left_empty(tmp_path: Path) -> None:
    round_trip(ContentStore.open_url((tmp_path / "content").as_uri()))
    assert list((tmp_path / "content").iterdir()) == []


def test_a_bucket_that_is_not_there_is_named_by_its_setting(s3: S3Server) -> None:
    assert "SMELT_CONTENT_URL" in why_not("s3://another/prefix")


def test_plain_http_is_let_through_by_its_setting_alone(s3: S3Server) -> None:
    assert "SMELT_S3_ALLOW_HTTP" in why_not(allow_http=False)
    assert s3.asked == []


@pytest.mark.parametrize(
    ("status", "word"), [(401, "refused"), (403, "don't let"), (500, "error of its own")]
)
def test_what_the_endpoint_refuses_is_said(s3: S3Server, status: int, word: str) -> None:
    s3.refuse = status
    assert word in why_not()


def test_an_endpoint_where_nobody_listens_is_said(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "AWS_ENDPOINT_URL" in why_not()


def test_a_hasty_look_does_not_try_again(s3: S3Server) -> None:
    s3.refuse = 503
    why_not()
    assert len(s3.asked) <= 2  # the put, and the deletion of what it may have left


def test_a_folder_that_is_gone_is_away(tmp_path: Path) -> None:
    store = ContentStore.open_url((tmp_path / "content").as_uri())
    (tmp_path / "content").rmdir()
    with pytest.raises(ContentUnavailable):
        round_trip(store)
