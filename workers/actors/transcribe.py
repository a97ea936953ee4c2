"""Transcribes one recording: the work of the `transcribe` queue."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from db.work.files import FileJob, begin_file, correct_seconds, finish_file, note_duration
from db.work.kept import note_all
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import DiedInCompany, GiveBack, LostLease, WorkError
from pipeline.fairness import SHORT_SECONDS, recording_cost
from pipeline.logs import bind_smelt
from pipeline.speakers.process import SpeakerProcess
from pipeline.speech.engine_settings import ModelUnavailable
from pipeline.speech.process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.sniff import MediaType
from pipeline.speech.speakers import speaker_times
from pipeline.speech.transcript import Transcript
from pipeline.stall_detector import Checkpoint, next_checkpoint
from pipeline.states import ErrorCode
from workers.actors.content import read_optional, record_stored, unwrap_key
from workers.actors.keeping import Earlier, Keeping, read_earlier
from workers.actors.speakers import told_apart
from workers.notifications.queues import ActorName
from workers.runner.excess_usage import ExcessUsage
from workers.runner.task import Task

log = logging.getLogger(__name__)

HEARING_SHARE = 0.8  # of the progress of a recording whose speakers are told apart after it was heard
SURPRISE = 1.25  # times what it was thought to cost: a recording that goes on for longer is debited anew


def transcribe(
    task: Task,
    speech: SpeechProcess,
    speakers: SpeakerProcess | None = None,
    *,
    only_short: bool = False,
) -> None:
    """Raises WorkError for what is wrong with the recording, LostLease when it is no longer ours.

    `speakers`: None: this worker can't tell them apart. `only_short`: it is given back as soon as it turns out to be
    long.
    """
    job = task.services.record(lambda conn: begin_file(conn, task.claim))
    bind_smelt(job.smelt_id, job.tenant)
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    earlier = read_earlier(task.services.content, job.smelt_id, task.claim.id, job.kept, key)
    speech_job = _speech_job(task, job, key, earlier)
    keeping = Keeping(task, job.smelt_id, key, earlier)
    with speech.gate.entered(lambda: task.lease.tick(0.0), alone=task.claim.alone):
        transcript = _heard(task, job, speech_job, keeping, speech, only_short=only_short)
    transcript = replace(transcript, segments=(*earlier.segments, *transcript.segments))
    if job.speakers is not None:
        keeping.end()
        # All of it is beyond what the recording costs, which is what hearing it takes.
        excess = ExcessUsage(task, job.tenant, speech.pace / speech.lanes)
        transcript = told_apart(transcript, speech_job, job.speakers, speakers, _speakers_tick(task, excess))
        excess.end(0.0)

    def record(conn: Connection) -> None:
        times = speaker_times(transcript)
        finish_file(
            conn,
            task.claim,
            transcript.language,
            transcript.duration_seconds,
            transcript.warnings,
            speaker_seconds=[speaker.seconds for speaker in times] or None,
        )
        note_all(conn, task.claim, len(transcript.segments))

    record_stored(
        task,
        name=ObjectName(job.smelt_id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt),
        key=key,
        content=transcript.to_json(),
        record=lambda: task.services.record(record),
    )
    # For the first output that waited for it, if any; whoever claims that one notifies for the next.
    task.services.notifier.notify(ActorName.APPLY_SEPARATE, cause=job.smelt_id)


def _heard(
    task: Task,
    job: FileJob,
    speech_job: SpeechJob,
    keeping: Keeping,
    speech: SpeechProcess,
    *,
    only_short: bool,
) -> Transcript:
    """What the recording says behind what earlier attempts have kept."""
    excess = ExcessUsage(task, job.tenant, speech.pace, speech.clock)
    progress = _Progress(task, job, excess, keeping, only_short=only_short)
    try:
        transcript = speech.transcribe(speech_job, progress.tick)
    except (GiveBack, DiedInCompany):
        raise
    except WorkError as error:
        if error.retryable and error.waiting_for is None:
            _revive(task, speech)
            excess.fail()
        raise
    progress.end(transcript.duration_seconds)
    return transcript


def _speakers_tick(task: Task, excess: ExcessUsage) -> Callable[[float], None]:
    def tick(share: float) -> None:
        task.lease.tick(HEARING_SHARE + (1.0 - HEARING_SHARE) * share)
        excess.tick(0.0)

    return tick


def _revive(task: Task, speech: SpeechProcess) -> None:
    """Replaces a child that died, now: so the time is that of the recording which it died of, not of the next one.

    Nothing here may hide that it died: not that the worker is to stop, nor that the row has gone.
    """
    if task.lease.stopping:
        return
    try:
        speech.start(lambda _: task.lease.tick(0.0))
    except (GiveBack, LostLease) as error:
        log.info("the speech process is not started again: %s", type(error).__name__)
    except ModelUnavailable as error:
        log.error("%s", error)  # noqa: TRY400 - the next recording tells what it means for it


def _speech_job(task: Task, job: FileJob, key: bytes, earlier: Earlier) -> SpeechJob:
    return SpeechJob(
        name=ObjectName(job.smelt_id, task.claim.id, Kind.INPUT, 0),
        key=key,
        media_type=MediaType(job.media_type),
        max_seconds=task.services.settings.limits(job.tier).audio_seconds,
        language=job.language,
        vocabulary=read_optional(task.services, job.smelt_id, Kind.VOCABULARY, key),
        task=job.task,
        before=earlier.before,
        channels=job.channels,
    )


def share_heard(progress: SpeechProgress, expected: float) -> float:
    """From 0 to 1. Where the header doesn't say how long the recording is, a guess by what it was expected to cost,
    which moves as long as the recording does and never comes to the end.
    """
    done, total = progress.done_seconds, progress.total_seconds
    return min(done / total, 1.0) if total else done / (done + max(expected, 1.0))


def _is_surprise(cost: float, debited: float) -> bool:
    """Whether it is to be debited anew: each debit is a write. Where it turns out not to be short, at once, however
    little it was thought to cost less: it may be in a slot that is kept for short ones.
    """
    return cost > debited * SURPRISE or debited <= SHORT_SECONDS < cost


class _Progress:
    """Turns the engine's seconds into the lease's share, keeps what has been heard, notes the length once probing has
    told it, and gives up on a recording that doesn't get on: native code that hangs or crawls would otherwise be
    renewed for ever.

    The tenant is debited by the header; by what has been heard, if there is none or it said less; in the end by the
    true length. What it takes beyond that is `excess`.
    """

    def __init__(
        self,
        task: Task,
        job: FileJob,
        excess: ExcessUsage,
        keeping: Keeping,
        *,
        only_short: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._task = task
        self._job = job
        self._noted = False
        self._cost = job.cost
        self._excess = excess
        self._keeping = keeping
        self._only_short = only_short
        self._clock = clock
        self._checkpoint = Checkpoint(0.0, clock())

    def tick(self, progress: SpeechProgress) -> None:
        total = progress.total_seconds
        heard = share_heard(progress, self._job.cost)
        self._task.lease.tick(heard if self._job.speakers is None else heard * HEARING_SHARE)
        self._check_stall(progress.done_seconds)
        if total is not None and not self._noted:
            self._noted = True
            self._cost = recording_cost(total)
            self._task.services.record(
                lambda conn: note_duration(conn, self._task.claim, self._job.tenant, total)
            )
        elif _is_surprise(recording_cost(progress.done_seconds), self._cost):
            self._debit(progress.done_seconds)
        self._excess.tick(self._cost)
        if self._only_short and self._cost > SHORT_SECONDS:
            raise GiveBack("The recording is too long for a slot that is kept for short ones.")
        self._keeping.tick(progress.passages)

    def end(self, seconds: float | None) -> None:
        if seconds is not None and abs(recording_cost(seconds) - self._cost) > 1.0:
            self._debit(seconds)
        self._excess.end(self._cost)

    def _debit(self, seconds: float) -> None:
        self._cost = recording_cost(seconds)
        self._task.services.record(
            lambda conn: correct_seconds(conn, self._task.claim, self._job.tenant, seconds)
        )

    def _check_stall(self, done: float) -> None:
        settings = self._task.services.settings
        window, slowest = settings.stall_seconds, settings.slowest_pace
        checkpoint = next_checkpoint(self._checkpoint, done, self._clock(), window=window, slowest=slowest)
        if checkpoint is None:
            raise WorkError(ErrorCode.TIMED_OUT, retryable=True)
        self._checkpoint = checkpoint
