"""Transcribes one recording: the work of the `transcribe` queue."""

import logging
import time
from collections.abc import Callable

from db.work.files import FileJob, begin_file, correct_seconds, finish_file, note_duration
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import DiedInCompany, GiveBack, LostLease, WorkError
from pipeline.fairness import SHORT_SECONDS, recording_cost
from pipeline.logs import bind_smelt
from pipeline.speech.process import ModelUnavailable, SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.sniff import MediaType
from pipeline.speech.transcript import Transcript
from pipeline.stall_detector import Checkpoint, next_checkpoint
from pipeline.states import ErrorCode
from workers.actors.content import read_optional, record_stored, unwrap_key
from workers.notifications.queue_notifications import ActorName
from workers.runner.excess_usage import ExcessUsage
from workers.runner.run import Task

log = logging.getLogger(__name__)

SURPRISE = 1.25  # times what it was thought to cost: a recording that goes on for longer is debited anew


def transcribe(task: Task, speech: SpeechProcess, *, only_short: bool = False) -> None:
    """Raises WorkError for what is wrong with the recording, LostLease when it is no longer ours.

    `only_short`: it is given back as soon as it turns out to be long.
    """
    job = task.services.record(lambda conn: begin_file(conn, task.claim))
    bind_smelt(job.smelt_id, job.tenant)
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    with speech.gate.entered(lambda: task.lease.tick(0.0), alone=task.claim.alone):
        transcript = _heard(task, job, key, speech, only_short=only_short)
    record_stored(
        task,
        name=ObjectName(job.smelt_id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt),
        key=key,
        content=transcript.to_json(),
        record=lambda conn: finish_file(
            conn, task.claim, transcript.language, transcript.duration_seconds, transcript.warnings
        ),
    )
    # For the first output that waited for it, if any; whoever claims that one notifies for the next.
    task.services.notifier.notify(ActorName.APPLY_SEPARATE, cause=job.smelt_id)


def _heard(task: Task, job: FileJob, key: bytes, speech: SpeechProcess, *, only_short: bool) -> Transcript:
    excess = ExcessUsage(task, job.tenant, speech.pace, speech.clock)
    progress = _Progress(task, job, excess, only_short=only_short)
    try:
        transcript = speech.transcribe(_speech_job(task, job, key), progress.tick)
    except (GiveBack, DiedInCompany):
        raise
    except WorkError as error:
        if error.retryable and error.waiting_for is None:
            _revive(task, speech)
            excess.fail()
        raise
    progress.end(transcript.duration_seconds)
    return transcript


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


def _speech_job(task: Task, job: FileJob, key: bytes) -> SpeechJob:
    return SpeechJob(
        name=ObjectName(job.smelt_id, task.claim.id, Kind.INPUT, 0),
        key=key,
        media_type=MediaType(job.media_type),
        max_seconds=task.services.settings.limits(job.tier).audio_seconds,
        language=job.language,
        vocabulary=read_optional(task.services, job.smelt_id, Kind.VOCABULARY, key),
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
    """Turns the engine's seconds into the lease's share, notes the length once probing has told it, and gives up
    on a recording that doesn't get on: native code that hangs or crawls would otherwise be renewed for ever.

    The tenant is debited by the header; by what has been heard, if there is none or it said less; in the end by the
    true length. What it takes beyond that is `excess`.
    """

    def __init__(
        self,
        task: Task,
        job: FileJob,
        excess: ExcessUsage,
        *,
        only_short: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._task = task
        self._job = job
        self._noted = False
        self._cost = job.cost
        self._excess = excess
        self._only_short = only_short
        self._clock = clock
        self._checkpoint = Checkpoint(0.0, clock())

    def tick(self, progress: SpeechProgress) -> None:
        total = progress.total_seconds
        self._task.lease.tick(share_heard(progress, self._job.cost))
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
