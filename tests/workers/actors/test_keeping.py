"""What is heard of a recording is kept while the rest is heard, and nobody hears it again."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from db.smelts.control import cancel, delete_content, retry
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import WorkError
from pipeline.settings import Settings
from pipeline.smelt import SmeltFile
from pipeline.speech.kept import kept_name, read_kept
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode, SmeltStatus, WorkStatus
from tests.support.slow_speech import END, Killed, SlowSpeakers, SlowSpeech, Step, hear, passage
from tests.support.smelts import PLENTY
from tests.support.waiting import wait_until
from tests.workers.actors.test_transcribe import KEY, admit_recording, look
from workers.actors import keeping
from workers.reconciler.loop import tick
from workers.services import Services


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 0.0)


@pytest.fixture
def smelt_id(services: Services) -> UUID:
    return admit_recording(services, "speech.wav").id


@pytest.fixture
def folder(settings: Settings, smelt_id: UUID) -> Path:
    return Path(settings.need("content_url").removeprefix("file://")) / str(smelt_id)


def file_of(services: Services, smelt_id: UUID) -> SmeltFile:
    (file,) = look(services, smelt_id).files
    return file


def transcript_of(services: Services, smelt_id: UUID) -> Transcript:
    file = file_of(services, smelt_id)
    name = ObjectName(smelt_id, file.id, Kind.TRANSCRIPT, file.attempt)
    return Transcript.from_json(services.content.get(name, KEY))


def heard(services: Services, *script: Step) -> SlowSpeech:
    speech = SlowSpeech()
    speech.says(*script)
    hear(services, speech)
    return speech


def rescue(services: Services) -> None:
    """The lease of a worker that was killed runs out; a beat of its that was under way then may have renewed it."""

    def run_out() -> int:
        with services.database.service() as conn:
            conn.execute(text("update smelt_files set lease_until = now() - interval '1 second'"))
        return tick(services)["rescue_expired"]

    wait_until(run_out)


def lines(file: SmeltFile) -> list[tuple[int, int]]:
    return [(line.attempt, line.segments) for line in file.kept]


def texts(transcript: Transcript) -> list[str]:
    return [segment.text for segment in transcript.segments]


def sentences(count: int) -> list[str]:
    return [f"Sentence number {number}." for number in range(count)]


def test_a_rescue_goes_on_behind_what_was_kept(services: Services, smelt_id: UUID) -> None:
    first = heard(services, passage(0), passage(1, 2), Killed())
    assert first.jobs[0].before.end == 0.0
    file = file_of(services, smelt_id)
    assert (file.status, lines(file)) == (WorkStatus.PROCESSING, [(1, 1), (1, 3)])
    versions = [line.version for line in file.kept]
    assert versions == sorted(set(versions))
    assert versions[-1] <= look(services, smelt_id).version

    rescue(services)
    second = heard(services, passage(3), Killed())
    assert (second.jobs[0].before.end, second.jobs[0].before.words) == (30.0, True)
    rescue(services)
    third = heard(services, passage(4), END)

    assert third.jobs[0].before.end == 40.0
    file = file_of(services, smelt_id)
    assert file.status is WorkStatus.COMPLETED
    assert lines(file) == [(1, 1), (1, 3), (2, 4), (3, 5), (3, 5)]
    assert file.kept[-1].version == look(services, smelt_id).version
    assert texts(transcript_of(services, smelt_id)) == sentences(5)


def test_who_is_killed_while_speakers_are_told_apart_has_nothing_heard_again(
    services: Services, smelt_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> None:
        raise Killed

    with services.database.service() as conn:
        conn.execute(text("update smelts set speakers = true"))
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 1_000.0)
    first, second = SlowSpeech(), SlowSpeech()
    first.says(passage(0), passage(1), END)
    hear(services, first, SlowSpeakers(killed))
    assert lines(file_of(services, smelt_id)) == [(1, 1), (1, 2)]
    rescue(services)
    second.says(END)
    hear(services, second, SlowSpeakers())
    assert second.jobs[0].before.end == 20.0
    spoken = [(segment.text, segment.speaker) for segment in transcript_of(services, smelt_id).segments]
    assert spoken == [("Sentence number 0.", "S1"), ("Sentence number 1.", "S2")]
    assert file_of(services, smelt_id).speaker_seconds == (8.0, 8.0)


def test_a_recording_that_is_done_at_once_keeps_nothing_beside_its_transcript(
    services: Services, smelt_id: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 1_000.0)
    heard(services, END)
    assert lines(file_of(services, smelt_id)) == [(1, 0)]
    assert sorted(path.name.split(".")[1] for path in folder.iterdir()) == ["input", "transcript"]


def test_a_recording_is_kept_at_its_beginning_and_then_now_and_then(
    services: Services, smelt_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 1_000.0)
    heard(services, *(passage(number) for number in range(50)), Killed())
    assert lines(file_of(services, smelt_id)) == [(1, 1)]


@pytest.mark.parametrize("damaged", [0, 1])
def test_what_cannot_be_read_any_more_is_heard_again(
    services: Services, smelt_id: UUID, damaged: int
) -> None:
    heard(services, passage(0), passage(1), passage(2), Killed())
    file = file_of(services, smelt_id)
    name = kept_name(smelt_id, file.id, 1, damaged + 1)
    services.content.put(name, bytes(32), b"sealed with another key")
    rescue(services)

    second = heard(services, *(passage(number) for number in range(damaged, 4)), END)

    assert second.jobs[0].before.end == damaged * 10.0
    assert texts(transcript_of(services, smelt_id)) == sentences(4)
    counts = [*range(1, damaged + 1), *range(damaged + 1, 5), 4]
    assert [segments for _, segments in lines(file_of(services, smelt_id))] == counts


def test_while_the_store_is_away_it_is_heard_on_and_kept_later(
    services: Services, smelt_id: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AWAY_SECONDS", 0.0)
    root, away = folder.parent, folder.parent.with_name("away")

    class Unplugged(SlowSpeech):
        """The store's folder is moved away for the first passage."""

        def transcribe(self, job, on_tick):  # type: ignore[no-untyped-def]
            root.rename(away)

            def plugged(progress):  # type: ignore[no-untyped-def]
                on_tick(progress)
                if away.exists():
                    away.rename(root)

            return super().transcribe(job, plugged)

    speech = Unplugged()
    speech.says(passage(0), passage(1), Killed())
    hear(services, speech)
    file = file_of(services, smelt_id)
    assert lines(file) == [(1, 2)]
    assert read_kept(services.content, kept_name(smelt_id, file.id, 1, 1), KEY) == [passage(0), passage(1)]


def test_who_has_lost_the_recording_keeps_nothing_that_counts(services: Services, smelt_id: UUID) -> None:
    def taken_over() -> None:
        rescue(services)
        heard(services, passage(1), Killed())

    heard(services, passage(0), taken_over, passage(9), END)
    file = file_of(services, smelt_id)
    assert (file.status, lines(file)) == (WorkStatus.PROCESSING, [(1, 1), (2, 2)])
    rescue(services)
    heard(services, END)
    assert texts(transcript_of(services, smelt_id)) == sentences(2)


@pytest.mark.parametrize("canceled", [True, False])
def test_the_clients_retry_goes_on_behind_what_was_kept(
    services: Services, smelt_id: UUID, canceled: bool
) -> None:
    """It stays as long as the recording does, also where that failed."""

    def withdrawn() -> None:
        with services.database.service() as conn:
            cancel(conn, smelt_id)

    ending = withdrawn if canceled else WorkError(ErrorCode.TRANSCRIPTION_FAILED)
    heard(services, passage(0), ending, passage(9), END)
    assert file_of(services, smelt_id).status is (WorkStatus.CANCELED if canceled else WorkStatus.FAILED)
    with services.database.service() as conn:
        retry(conn, smelt_id, PLENTY, 604_800)
    again = heard(services, passage(1), END)
    assert again.jobs[0].before.end == 10.0
    assert look(services, smelt_id).status is SmeltStatus.COMPLETED
    assert texts(transcript_of(services, smelt_id)) == sentences(2)


def test_with_the_content_goes_what_was_kept_and_nothing_comes_after(
    services: Services, smelt_id: UUID, folder: Path
) -> None:
    def deleted() -> None:
        assert len([*folder.iterdir()]) == 2
        with services.database.service() as conn:
            delete_content(conn, smelt_id)
        services.content.delete_smelt(smelt_id)

    heard(services, passage(0), deleted, passage(1), END)
    assert not folder.exists()
