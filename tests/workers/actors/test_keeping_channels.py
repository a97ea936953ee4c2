"""Separate channels are kept while they are heard: whoever takes the call up tells what an undisturbed worker tells."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from db.smelts.control import cancel, retry
from pipeline.speech.audio import Decoder
from pipeline.speech.channels import SeparateChannels
from pipeline.speech.kept import kept_name, read_kept
from pipeline.speech.passage import NOTHING_BEFORE, Passage
from pipeline.speech.process import SpeechJob, SpeechProgress
from pipeline.speech.recognizer import Hints
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import WorkStatus
from tests.support.slow_speech import Killed, SlowSpeech, hear
from tests.support.smelts import PLENTY
from tests.support.tones import ToneRecognizer, call, separate
from tests.workers.actors.test_keeping import file_of, rescue, transcript_of
from tests.workers.actors.test_transcribe import KEY, admit_recording
from workers.actors import keeping
from workers.services import Services

CALL = call(
    20.0,
    [(3.0, 5.0), (8.0, 9.0), (14.0, 16.0)],
    [(1.0, 2.0), (4.0, 6.0), (9.5, 12.0), (15.0, 18.0)],
)
SPEAKERS = ["S1", "S2", "S1", "S2", "S1", "S2", "S1"]
TONES = len(SPEAKERS)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 0.0)


@pytest.fixture
def smelt_id(services: Services) -> UUID:
    smelt_id = admit_recording(services, CALL).id
    with services.database.service() as conn:
        conn.execute(text("update smelts set channels = 'separate'"))
    return smelt_id


@pytest.fixture(scope="module")
def undisturbed() -> Transcript:
    hearing = separate(CALL, ToneRecognizer(), NOTHING_BEFORE)
    passages = [*hearing.passages(lambda *_: None)]
    segments = tuple(segment for passage in passages for segment in passage.segments)
    return replace(hearing.outcome, segments=segments)


class CallSpeech(SlowSpeech):
    """Hears the call's channels. `step`: is called with the number of each passage, and may raise."""

    def __init__(self, services: Services, step: Callable[[int], None] = lambda _: None) -> None:
        super().__init__()
        self._content = services.content
        self._step = step
        self.recognizer = ToneRecognizer()

    def transcribe(self, job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        self.jobs.append(job)
        passages: list[Passage] = []
        with self._content.open(job.name, job.key) as file:
            hearing = SeparateChannels(
                lambda channel: Decoder(file, job.media_type, job.max_seconds, channel),
                self.recognizer,
                Hints(),
                job.before,
            )
            for passage in hearing.passages(lambda done, total: on_tick(SpeechProgress(done, total))):
                passages.append(passage)
                on_tick(SpeechProgress(passage.end, 20.0, passages))
                self._step(len(passages))
        segments = tuple(segment for passage in passages for segment in passage.segments)
        return replace(hearing.outcome, segments=segments)


def heard(services: Services, step: Callable[[int], None] = lambda _: None) -> CallSpeech:
    speech = CallSpeech(services, step)
    hear(services, speech)
    return speech


def killed_after(passages: int) -> Callable[[int], None]:
    def step(number: int) -> None:
        if number == passages:
            raise Killed

    return step


def kept(services: Services, smelt_id: UUID) -> list[Segment]:
    """All that followers were told before the end."""
    file = file_of(services, smelt_id)
    return [
        segment
        for number, line in enumerate(file.kept, 1)
        for passage in read_kept(services.content, kept_name(smelt_id, file.id, line.attempt, number), KEY)
        for segment in passage.segments
    ]


@pytest.mark.parametrize("passages", [1, 3, 6])
def test_a_rescue_goes_on_with_the_same_labels_and_hears_nothing_twice(
    services: Services, smelt_id: UUID, undisturbed: Transcript, passages: int
) -> None:
    first = heard(services, killed_after(passages))
    told = kept(services, smelt_id)
    assert len(told) < TONES
    rescue(services)
    second = heard(services, killed_after(1))
    rescue(services)
    third = heard(services)
    assert transcript_of(services, smelt_id) == undisturbed
    assert [segment.speaker for segment in undisturbed.segments] == SPEAKERS
    assert tuple(told) == undisturbed.segments[: len(told)]
    starts = [start for speech in (first, second, third) for start in speech.recognizer.heard]
    assert len(starts) == len(set(starts)) == TONES
    assert len(second.jobs[0].before.channels) == 2
    assert file_of(services, smelt_id).speaker_seconds == (8.5, 5.0)


def test_what_is_settled_is_kept_while_the_rest_is_heard(services: Services, smelt_id: UUID) -> None:
    told: list[int] = []
    heard(services, lambda _: told.append(len(kept(services, smelt_id))))
    assert told == sorted(told)
    assert told[0] == 0
    assert 0 < told[len(told) // 2] < TONES
    file = file_of(services, smelt_id)
    assert (file.status, file.kept[-1].segments) == (WorkStatus.COMPLETED, TONES)


def test_the_clients_retry_goes_on_with_the_same_labels(
    services: Services, smelt_id: UUID, undisturbed: Transcript
) -> None:
    def withdrawn(number: int) -> None:
        if number == 4:
            with services.database.service() as conn:
                cancel(conn, smelt_id)

    first = heard(services, withdrawn)
    assert file_of(services, smelt_id).status is WorkStatus.CANCELED
    with services.database.service() as conn:
        retry(conn, smelt_id, PLENTY, 604_800)
    second = heard(services)
    assert transcript_of(services, smelt_id) == undisturbed
    assert len(second.recognizer.heard) < TONES <= len(first.recognizer.heard) + len(second.recognizer.heard)


def test_what_cannot_be_read_any_more_is_heard_again(
    services: Services, smelt_id: UUID, undisturbed: Transcript
) -> None:
    heard(services, killed_after(5))
    file = file_of(services, smelt_id)
    services.content.put(kept_name(smelt_id, file.id, 1, 3), bytes(32), b"sealed with another key")
    rescue(services)
    heard(services)
    assert transcript_of(services, smelt_id) == undisturbed
