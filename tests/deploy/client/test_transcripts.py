"""The results of a smelt without prompts."""

import httpx2
import pytest

from deploy.client.client import Client
from deploy.client.failures import SmeltNotCompleted
from deploy.client.transcripts import transcripts
from smelt_client import Refused
from tests.support.smelt_replies import file, smelt

NOT_READY = httpx2.Response(409, json={"code": "not_ready", "detail": "Not finished yet."})


class Transcripts(Client):
    """Of each file its name, once it is completed."""

    def __init__(self, answer: httpx2.Response | None = None) -> None:
        super().__init__("http://smelt")
        said = answer or httpx2.Response(200, text="what was said")
        self._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(lambda _: said))


CANCELED = file(2, status="canceled", error_code=None)
FAILED = file(3, status="failed", error_code="no_speech")


def test_of_a_smelt_that_has_ended_those_that_there_are() -> None:
    ended = smelt(file(1), CANCELED, FAILED, status="canceled")
    assert transcripts(Transcripts(), ended, ".txt") == b"what was said"
    assert transcripts(Transcripts(), ended, ".srt") == b"what was said"


def test_none_is_told_not_written_as_an_empty_file() -> None:
    with pytest.raises(SmeltNotCompleted, match="not one file"):
        transcripts(Transcripts(), smelt(CANCELED, FAILED, status="failed"), ".txt")


def test_of_one_that_is_at_work_nothing_is_left_out() -> None:
    working = smelt(file(1), file(2, status="processing", error_code=None), status="transcribing")
    with pytest.raises(Refused, match="Not finished"):
        transcripts(Transcripts(NOT_READY), working, ".txt")
