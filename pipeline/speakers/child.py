"""The process that tells the speakers of one recording apart, and ends. Started by `pipeline/speakers/process.py` only.

    python -m pipeline.speakers.child <file descriptor of its socket> <process id of its parent>

It decodes the sealed recording itself, whole: an hour takes 230 MB, and as much again in the engine.
"""

import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.content.store import ContentStore
from pipeline.errors import SmeltError
from pipeline.processes.child_wire import Channel, Closed, Message
from pipeline.processes.confinement import confine, volunteer_for_the_oom_killer
from pipeline.processes.memory import limit_memory, most_resident
from pipeline.speakers.models import SpeakerModels
from pipeline.speech.audio import Decoder
from pipeline.speech.samples import Samples
from pipeline.speech.speakers import SpeakerBounds
from pipeline.speech.wire import SpeechJob, job_from_json


def main(descriptor: int, parent_pid: int) -> None:
    volunteer_for_the_oom_killer()
    confine(parent_pid)
    channel = Channel(socket.socket(fileno=descriptor))
    message = channel.receive() or {}
    threading.Thread(target=_watch, args=(channel,), daemon=True).start()
    try:
        outcome = _told(channel, message)
    except SmeltError as error:
        outcome = {"event": "failed", "reason": error.code}
    except Exception as error:
        # By its kind alone: its text could hold content
        channel.send({"event": "failed", "reason": type(error).__name__})
        raise SystemExit(1) from error
    channel.send(outcome)


def _watch(channel: Channel) -> None:
    """Ends with the parent, which says nothing more."""
    try:
        channel.receive()
    except Closed:
        os._exit(0)


def _told(channel: Channel, message: Message) -> Message:
    from pipeline.speakers.sherpa import SherpaDiarizer  # noqa: PLC0415 - native code, after `confine`

    diarizer = SherpaDiarizer.load(_models(message["models"]), message["threads"])
    store = ContentStore.open_url(message["content_url"], allow_http=message["allow_http"], make=False)
    limit_memory(message["headroom"])

    def report(share: float) -> None:
        channel.send({"event": "progress", "share": share})

    samples = _decoded(store, job_from_json(message["job"]))
    turns = diarizer.turns(samples, SpeakerBounds(*message["bounds"]), report)
    return {
        "event": "done",
        "turns": [[turn.start, turn.end, turn.speaker] for turn in turns],
        "memory": most_resident(),
    }


def _models(raw: dict[str, Any]) -> SpeakerModels:
    return SpeakerModels(Path(raw["segmentation"]), Path(raw["embedding"]))


def _decoded(store: ContentStore, job: SpeechJob) -> Samples:
    with store.open(job.name, job.key) as file:
        samples: Samples = np.concatenate(list(Decoder(file, job.media_type, job.max_seconds).samples()))
    return samples


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
