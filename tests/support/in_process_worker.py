"""Does the workers' part in this process, so that there are results to read: real claims, the extractive engine."""

import threading
from dataclasses import replace

from db.work.files import begin_file, finish_file
from pipeline.content.store import Kind, ObjectName
from pipeline.settings import Settings
from pipeline.speech.speakers import speaker_times
from pipeline.speech.transcript import Segment, Transcript, Word
from workers.actors.content import unwrap_key
from workers.actors.deliver import deliver, make_outbound
from workers.actors.synthesize import synthesize
from workers.notifications.queues import ActorName
from workers.pools.engines import SynthesisEngines
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

SPOKEN = Transcript(
    (
        Segment(
            0.5, 1.5, "Ann ships on Friday.", (Word(0.5, 0.8, " Ann"), Word(0.8, 1.5, " ships on Friday."))
        ),
        Segment(2.0, 3.0, "Bob books the room."),
    ),
    language="en",
    duration_seconds=3.5,
)


def do_all_work(settings: Settings, said: Transcript = SPOKEN) -> None:
    """Every recording says `said`; every output is made. Returns when nothing is claimable."""
    services = Services.open(settings)
    engines = SynthesisEngines(settings)
    try:
        stopping = threading.Event()
        while run_next(services, ActorName.TRANSCRIBE_FILE, lambda t: _transcribe(t, said), stopping):
            pass
        while run_next(services, ActorName.APPLY_SEPARATE, lambda t: synthesize(t, engines), stopping):
            pass
    finally:
        engines.close()
        services.close()


def deliver_all(settings: Settings) -> int:
    """Sends every webhook that is claimable; returns how many were tried."""
    services, outbound, tried = Services.open(settings), make_outbound(settings), 0
    try:
        while run_next(
            services, ActorName.DELIVER_WEBHOOK, lambda t: deliver(t, outbound), threading.Event()
        ):
            tried += 1
    finally:
        services.close()
    return tried


def _transcribe(task: Task, said: Transcript) -> None:
    job = task.services.record(lambda conn: begin_file(conn, task.claim))
    key = unwrap_key(task.services, job.smelt_id, job.content_key)
    name = ObjectName(job.smelt_id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt)
    said = replace(said, task=job.task)
    task.services.content.put(name, key, said.to_json())
    seconds = [time.seconds for time in speaker_times(said)] or None
    task.services.record(
        lambda conn: finish_file(
            conn, task.claim, said.language, said.duration_seconds, said.warnings, speaker_seconds=seconds
        )
    )
