"""What is heard of a recording is told while it is heard, and can be read."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from pipeline.errors import WorkError
from pipeline.settings import Settings
from pipeline.speech.passage import Passage
from pipeline.speech.speakers import spoken_by
from pipeline.states import ErrorCode
from tests.api.conftest import RunningApi
from tests.api.events.test_events import address, post_recording
from tests.support.event_stream import Event, events
from tests.support.slow_speech import END, SlowSpeakers, SlowSpeech, hearing, passage, said
from tests.support.waiting import wait_until
from workers.actors import keeping


@pytest.fixture
def smelt_id(ada: httpx.Client) -> str:
    return post_recording(ada)


@pytest.fixture
def speech(settings: Settings, smelt_id: str) -> Iterator[SlowSpeech]:
    with hearing(settings) as speech:
        yield speech


def file_id(ada: httpx.Client, smelt_id: str) -> str:
    return str(ada.get(f"/v1/smelts/{smelt_id}").json()["files"][0]["id"])


def transcript(ada: httpx.Client, smelt_id: str, **asked: str) -> httpx.Response:
    return ada.get(f"/v1/smelts/{smelt_id}/files/{file_id(ada, smelt_id)}/transcript", params=asked)


def partial(ada: httpx.Client, smelt_id: str) -> dict[str, Any]:
    reply = transcript(ada, smelt_id, partial="true", format="json").raise_for_status()
    return dict(reply.json())


def segments(stream: Iterator[Event], count: int) -> list[Event]:
    """So many of them, whatever comes between."""
    found: list[Event] = []
    while len(found) < count:
        event = next(stream)
        found += [event] if event.name == "segment" else []
    return found


def until(stream: Iterator[Event], status: str) -> list[Event]:
    """All until the recording has this status, that event included."""
    seen = [next(stream)]
    while (seen[-1].name, seen[-1].data.get("status")) != ("file", status):
        seen.append(next(stream))
    return seen


def indexes(found: list[Event]) -> list[int]:
    return [event.data["index"] for event in found]


def by_channels(number: int) -> Passage:
    """The two of a call speak in turn."""
    return Passage(number * 10.0 + 10.0, (spoken_by(said(number), f"S{number % 2 + 1}"),))


def test_what_is_heard_is_told_in_order_and_with_its_place(
    ada: httpx.Client, smelt_id: str, speech: SlowSpeech
) -> None:
    with events(ada, address(smelt_id)) as stream:
        speech.says(passage(0, 1))
        first = segments(stream, 2)
        speech.says(passage(2), passage(3, 4))
        rest = segments(stream, 3)
    assert [event.data for event in first] == [
        {
            "file": file_id(ada, smelt_id),
            "index": number,
            "start": said(number).start,
            "end": said(number).end,
            "text": f"Sentence number {number}.",
        }
        for number in range(2)
    ]
    assert indexes(rest) == [2, 3, 4]
    versions = [event.version for event in (*first, *rest)]
    assert versions == sorted(versions)


def test_who_comes_back_misses_none_wherever_the_stream_broke_off(
    ada: httpx.Client, smelt_id: str, speech: SlowSpeech, subtests: pytest.Subtests
) -> None:
    """Also not of what was told half; and who comes for the first time is told from the beginning."""
    with events(ada, address(smelt_id)) as stream:
        seen = [next(stream)]
        for number in range(3):
            speech.says(passage(2 * number, 2 * number + 1))
            while seen[-1].data.get("index") != 2 * number + 1:
                seen.append(next(stream))
    for place, last in enumerate(seen):
        known = [event.data["index"] for event in seen[: place + 1] if event.name == "segment"]
        headers = {"Last-Event-ID": str(last.version)}
        with subtests.test(place=place), events(ada, address(smelt_id), headers=headers) as stream:
            told = []
            while (event := next(stream)).name != "file":
                told += [event.data["index"]] if event.name == "segment" else []
            assert told == list(range(told[0], 6)) if told else known == list(range(6))
            assert {*known, *told} == set(range(6))
    with events(ada, address(smelt_id)) as stream:
        assert indexes(segments(stream, 6)) == list(range(6))


def test_the_rest_is_told_when_it_is_done(ada: httpx.Client, smelt_id: str, speech: SlowSpeech) -> None:
    """Of what is completed who comes back is told what is new to them; who is new has the transcript."""
    with events(ada, address(smelt_id)) as stream:
        speech.says(passage(0))
        [first] = segments(stream, 1)
        keeping.KEEP_SECONDS = 1_000.0  # put back by the worker's end
        speech.says(passage(1))
        speech.says(passage(2), END)
        rest = segments(stream, 2)
        assert indexes(rest) == [1, 2]
    wait_until(lambda: transcript(ada, smelt_id).is_success)
    told = [first.version, *(event.version for event in rest)]
    for last in told:
        known = told.index(last)  # what came with one id came together
        with events(ada, address(smelt_id), headers={"Last-Event-ID": str(last)}) as stream:
            assert indexes(segments(stream, 3 - known)) == list(range(known, 3))
    with events(ada, address(smelt_id)) as stream:
        assert next(stream).name == "smelt"


def test_where_speakers_are_told_apart_all_is_told_once_more_with_them(
    ada: httpx.Client, settings: Settings, database: Database, smelt_id: str
) -> None:
    """And before they are, all that was heard: each segment takes the place of that with its index."""
    with database.service() as conn:
        conn.execute(text("update smelts set speakers = true where id = :id"), {"id": smelt_id})
    heard = threading.Event()
    speakers = SlowSpeakers(heard.wait)
    with hearing(settings, speakers) as speech, events(ada, address(smelt_id)) as stream:
        speech.says(passage(0))
        found = segments(stream, 1)
        keeping.KEEP_SECONDS = 1_000.0  # put back by the worker's end
        speech.says(passage(1))
        speech.says(passage(2), END)
        found += segments(stream, 2)
        heard.set()
        found += segments(stream, 3)
    told = [(event.data["index"], event.data.get("speaker")) for event in found]
    assert told == [(0, None), (1, None), (2, None), (0, "S1"), (1, "S2"), (2, "S3")]


def test_where_they_were_not_told_apart_after_all_nothing_is_told_twice(
    ada: httpx.Client, settings: Settings, database: Database, smelt_id: str
) -> None:
    """This worker can't: the transcript stays, with a warning."""
    with database.service() as conn:
        conn.execute(text("update smelts set speakers = true where id = :id"), {"id": smelt_id})
    with hearing(settings) as speech, events(ada, address(smelt_id)) as stream:
        speech.says(passage(0))
        [first] = segments(stream, 1)
        speech.says(passage(1), END)
        rest = [event for event in until(stream, "completed") if event.name == "segment"]
    assert indexes([first, *rest]) == [0, 1]
    assert "speaker" not in rest[0].data
    assert ada.get(f"/v1/smelts/{smelt_id}").json()["files"][0]["warnings"] != []


def test_separate_channels_are_told_with_their_speakers_and_nothing_twice(
    ada: httpx.Client, database: Database, smelt_id: str, speech: SlowSpeech
) -> None:
    with database.service() as conn:
        conn.execute(text("update smelts set channels = 'separate' where id = :id"), {"id": smelt_id})
    with events(ada, address(smelt_id)) as stream:
        speech.says(by_channels(0))
        told = segments(stream, 1)
        assert [(each["text"], each["speaker"]) for each in partial(ada, smelt_id)["segments"]] == [
            ("Sentence number 0.", "S1")
        ]
        speech.says(by_channels(1))
        told += segments(stream, 1)
        keeping.KEEP_SECONDS = 1_000.0  # put back by the worker's end
        speech.says(by_channels(2), END)
        told += [event for event in until(stream, "completed") if event.name == "segment"]
    assert [(event.data["index"], event.data["speaker"]) for event in told] == [
        (0, "S1"),
        (1, "S2"),
        (2, "S1"),
    ]


def test_after_a_retry_it_goes_on_where_it_was(
    ada: httpx.Client, settings: Settings, smelt_id: str, speech: SlowSpeech
) -> None:
    """Who comes back is told what is new, who is new all; meanwhile what was heard before can be read."""
    with events(ada, address(smelt_id)) as stream:
        speech.says(passage(0), WorkError(ErrorCode.TRANSCRIPTION_FAILED))
        last = until(stream, "failed")[-1]
    ada.post(f"/v1/smelts/{smelt_id}/retry").raise_for_status()
    assert partial(ada, smelt_id)["text"] == "Sentence number 0."
    headers = {"Last-Event-ID": str(last.version)}
    with (
        hearing(settings) as again,
        events(ada, address(smelt_id), headers=headers) as back,
        events(ada, address(smelt_id)) as new,
    ):
        again.says(passage(1))
        assert indexes(segments(back, 1)) == [1]
        assert indexes(segments(new, 2)) == [0, 1]
        again.says(END)


def test_what_was_heard_of_a_translation_says_that_it_is_one(
    ada: httpx.Client, database: Database, smelt_id: str, speech: SlowSpeech
) -> None:
    with database.service() as conn:
        conn.execute(text("update smelts set task = 'translate' where id = :id"), {"id": smelt_id})
    assert partial(ada, smelt_id)["task"] == "translate"


def test_without_redis_it_is_told_a_second_later(
    api: RunningApi, ada: httpx.Client, smelt_id: str, speech: SlowSpeech
) -> None:
    api.services.notifier.circuit.trip()
    with events(ada, address(smelt_id)) as stream:
        speech.says(passage(0))
        assert indexes(segments(stream, 1)) == [0]


def test_a_running_file_s_transcript_is_partial_where_that_is_asked_for(
    ada: httpx.Client, smelt_id: str, speech: SlowSpeech
) -> None:
    assert partial(ada, smelt_id)["segments"] == []
    speech.says(passage(0), passage(1))
    wait_until(lambda: len(partial(ada, smelt_id)["segments"]) == 2)
    document = partial(ada, smelt_id)
    assert (document["complete"], document["language"]) == (False, None)
    assert document["text"] == "Sentence number 0. Sentence number 1."
    assert document["duration_seconds"] == 100.0
    assert transcript(ada, smelt_id, partial="true").text == "Sentence number 0.\nSentence number 1.\n"
    assert transcript(ada, smelt_id, partial="true", format="srt").text.count("-->") == 2
    refused = transcript(ada, smelt_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")

    speech.says(END)
    wait_until(lambda: transcript(ada, smelt_id).is_success)
    whole = transcript(ada, smelt_id, format="json").json()
    assert whole["complete"] is True
    assert partial(ada, smelt_id) == whole


def test_what_was_heard_of_a_recording_that_failed_can_be_read(
    ada: httpx.Client, smelt_id: str, speech: SlowSpeech
) -> None:
    speech.says(passage(0), WorkError(ErrorCode.TRANSCRIPTION_FAILED))
    wait_until(lambda: ada.get(f"/v1/smelts/{smelt_id}").json()["status"] == "failed")
    assert transcript(ada, smelt_id).json()["code"] == "part_failed"
    assert partial(ada, smelt_id)["text"] == "Sentence number 0."
    ada.delete(f"/v1/smelts/{smelt_id}/content").raise_for_status()
    gone = transcript(ada, smelt_id, partial="true")
    assert (gone.status_code, gone.json()["code"]) == (410, "content_expired")


def test_a_recording_that_waits_has_no_transcript_yet(ada: httpx.Client, smelt_id: str) -> None:
    assert transcript(ada, smelt_id, partial="true").json()["code"] == "not_ready"


def test_another_is_told_nothing(
    ada: httpx.Client, bob: httpx.Client, smelt_id: str, speech: SlowSpeech
) -> None:
    speech.says(passage(0))
    wait_until(lambda: partial(ada, smelt_id)["segments"])
    path = f"/v1/smelts/{smelt_id}/files/{file_id(ada, smelt_id)}/transcript"
    assert bob.get(path, params={"partial": "true"}).status_code == 404
    assert bob.get(address(smelt_id)).status_code == 404
