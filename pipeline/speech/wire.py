"""What a worker and its speech process say to each other, over `pipeline/processes/child_wire.py`.

worker                                    speech process
{"engine", "content_url", "allow_http", "headroom"} ──▶
                                      ◀── {"event": "loading", "detail"} ...
                                      ◀── {"event": "ready", "lanes"} | {"event": "unavailable", "detail"}
{"id", "job"} ...                     ──▶
                                      ◀── {"event": "begun"}, and like all that follows with the job's "id"
                                      ◀── {"event": "progress", "done", "total"} ...
                                      ◀── {"event": "passage", "passage"} ...
                                      ◀── {"event": "done", …} | {"event": "error", …} | {"event": "fault", …}
{"cancel": id} ...                    ──▶
                                      ◀── {"event": "canceled"}, or how it ended just before
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.content.store import Kind, ObjectName
from pipeline.processes.child_wire import Message
from pipeline.speech.passage import NOTHING_BEFORE, Before, before_from_json, before_to_json
from pipeline.speech.sniff import MediaType
from pipeline.states import Channels, SpeechTask


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """One recording to transcribe: a sealed object in the content store. `before`: what was heard of it already."""

    name: ObjectName
    key: bytes = field(repr=False)  # the smelt's content key
    media_type: MediaType
    max_seconds: float
    language: str | None = None
    vocabulary: str | None = field(default=None, repr=False)
    task: SpeechTask = SpeechTask.TRANSCRIBE
    before: Before = NOTHING_BEFORE
    channels: Channels = Channels.MIXED


def job_to_json(job: SpeechJob) -> Message:
    return {
        "name": [str(job.name.smelt_id), str(job.name.row_id), job.name.kind, job.name.attempt],
        "key": b64encode(job.key).decode(),
        "media_type": job.media_type,
        "max_seconds": job.max_seconds,
        "language": job.language,
        "vocabulary": job.vocabulary,
        "task": job.task,
        "before": before_to_json(job.before),
        "channels": job.channels,
    }


def job_from_json(raw: Message) -> SpeechJob:
    smelt_id, row_id, kind, attempt = raw["name"]
    return SpeechJob(
        name=ObjectName(UUID(smelt_id), UUID(row_id), Kind(kind), attempt),
        key=b64decode(raw["key"]),
        media_type=MediaType(raw["media_type"]),
        max_seconds=raw["max_seconds"],
        language=raw["language"],
        vocabulary=raw["vocabulary"],
        task=SpeechTask(raw["task"]),
        before=before_from_json(raw["before"]),
        channels=Channels(raw["channels"]),
    )
