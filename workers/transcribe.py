"""Transcribes one recording: the work of the `transcribe` queue."""

import time
from collections.abc import Callable

from db.files import FileJob, begin_file, finish_file, note_duration
from pipeline.content import Kind, ObjectName
from pipeline.errors import WorkError
from pipeline.sniff import MediaType
from pipeline.speech_process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.states import ErrorCode
from workers.content import read_optional, unwrap_key
from workers.run import Task
from workers.wake import Wake


def transcribe(task: Task, speech: SpeechProcess) -> None:
    """Raises WorkError for what is wrong with the recording, LostLease when it is no longer ours."""
    job = task.record(lambda conn: begin_file(conn, task.claim))
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    transcript = speech.transcribe(_speech_job(task, job, key), _Progress(task, job).tick)
    name = ObjectName(job.smelt_id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt)
    task.services.content.put(name, key, transcript.to_json())
    task.record(lambda conn: finish_file(conn, task.claim, transcript.language, transcript.duration_seconds))
    # For the first output that waited for it, if any; whoever claims that one rings for the next.
    task.services.doorbell.ring(Wake.APPLY_SEPARATE, cause=job.smelt_id)


def _speech_job(task: Task, job: FileJob, key: bytes) -> SpeechJob:
    return SpeechJob(
        name=ObjectName(job.smelt_id, task.claim.id, Kind.INPUT, 0),
        key=key,
        media_type=MediaType(job.media_type),
        max_seconds=task.services.settings.limits(job.tier).audio_seconds,
        language=job.language,
        vocabulary=read_optional(task.services, job.smelt_id, Kind.VOCABULARY, key),
    )


class _Progress:
    """Turns the engine's seconds into the lease's share, notes the length once probing has told it, and gives up
    on a recording that nothing moves: native code that hangs would otherwise be renewed for ever.
    """

    def __init__(self, task: Task, job: FileJob, clock: Callable[[], float] = time.monotonic) -> None:
        self._task = task
        self._job = job
        self._noted = False
        self._clock = clock
        self._done = -1.0
        self._moved = clock()

    def tick(self, progress: SpeechProgress) -> None:
        total = progress.total_seconds
        self._task.lease.tick(min(progress.done_seconds / total, 1.0) if total else 0.0)
        self._check_stalled(progress.done_seconds)
        if total is not None and not self._noted:
            self._noted = True
            self._task.record(lambda conn: note_duration(conn, self._task.claim, self._job.tenant, total))

    def _check_stalled(self, done: float) -> None:
        now = self._clock()
        if done > self._done:
            self._done, self._moved = done, now
        elif now - self._moved > self._task.services.settings.stall_seconds:
            raise WorkError(ErrorCode.TIMED_OUT, retryable=True)
