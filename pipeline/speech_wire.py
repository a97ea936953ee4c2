"""What a worker and its speech process say to each other: one JSON object a line, over a socket pair.

JSON rather than pickle: the speech process decodes hostile media, and what it says must not be able to run code.

    worker                                    speech process
    {"engine", "content_url", "headroom"} ──▶
                                          ◀── {"event": "ready"} | {"event": "unavailable", "detail"}
    {"job"}                               ──▶
                                          ◀── {"event": "begun"}
                                          ◀── {"event": "progress", "done", "total"} ...
                                          ◀── {"event": "segment", "segment"} ...
                                          ◀── {"event": "done", …} | {"event": "error", …} | {"event": "fault", …}
"""

import json
import socket
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pipeline.content import Kind, ObjectName
from pipeline.sniff import MediaType
from pipeline.transcript import Segment, Word

Message = dict[str, Any]

_RECEIVE_BYTES = 1 << 16
_LONGEST_LINE = 1 << 24  # bytes; a segment of Whisper has a few thousand


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """One recording to transcribe: a sealed object in the content store."""

    name: ObjectName
    key: bytes = field(repr=False)  # the smelt's content key
    media_type: MediaType
    max_seconds: float
    language: str | None = None
    vocabulary: str | None = field(default=None, repr=False)


class Closed(Exception):
    """The other side is gone, or says what can't be understood."""


class Channel:
    """One end of the socket pair. Reading belongs to one thread, writing to one."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._received = bytearray()

    def send(self, message: Message) -> None:
        """Raises Closed."""
        try:
            self._end.sendall(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise Closed from error

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message; None when `timeout` seconds pass without one. Raises Closed."""
        while (end := self._received.find(b"\n")) < 0:
            if not self._fill(timeout):
                return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            message = json.loads(line)
        except ValueError as error:
            raise Closed from error
        if not isinstance(message, dict):
            raise Closed
        return message

    def close(self) -> None:
        self._end.close()

    def _fill(self, timeout: float | None) -> bool:
        self._end.settimeout(timeout)
        try:
            data = self._end.recv(_RECEIVE_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise Closed from error
        finally:
            self._end.settimeout(None)
        if not data or len(self._received) > _LONGEST_LINE:
            raise Closed
        self._received += data
        return True


def job_to_json(job: SpeechJob) -> Message:
    return {
        "name": [str(job.name.smelt_id), str(job.name.row_id), job.name.kind, job.name.attempt],
        "key": b64encode(job.key).decode(),
        "media_type": job.media_type,
        "max_seconds": job.max_seconds,
        "language": job.language,
        "vocabulary": job.vocabulary,
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
    )


def segment_to_json(segment: Segment) -> list[Any]:
    words = [[word.start, word.end, word.text] for word in segment.words]
    return [segment.start, segment.end, segment.text, words]


def segment_from_json(raw: list[Any]) -> Segment:
    start, end, text, words = raw
    return Segment(
        float(start), float(end), str(text), tuple(Word(float(s), float(e), str(t)) for s, e, t in words)
    )
