"""What is heard of a smelt's recordings, read for those who follow it: once for all who are at the same place.

It is content: read from the store when somebody is to be told of it, and held for a moment. Who may follow the smelt is
decided elsewhere; whether its content may be read still, by the key.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from api.smelts.heard import HeardPart, heard_since
from api.smelts.view import View
from db.session import Database, DatabaseUnavailable
from db.smelts.content_keys import get_content_key
from pipeline.content.errors import ContentMissing, ContentTampered, ContentUnavailable
from pipeline.content.keyring import KeyRing, smelt_context
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.speech.kept import kept_name, read_kept
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import WorkStatus

log = logging.getLogger("smelt.api")

READERS = 3  # threads
SHARED_SECONDS = 1.0  # in which who follows too gets what was read for another


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """`data`: of its event."""

    index: int
    text: str
    data: bytes

    @classmethod
    def of(cls, file_id: UUID, index: int, segment: Segment) -> "HeardSegment":
        data: dict[str, object] = {
            "file": str(file_id),
            "index": index,
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
        }
        if segment.speaker is not None:
            data["speaker"] = segment.speaker
        return cls(index, segment.text, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


class Segments:
    """Made anywhere, used in one event loop."""

    def __init__(self, database: Database, content: ContentStore, keyring: KeyRing) -> None:
        self._database = database
        self._content = content
        self._keyring = keyring
        self._threads = CapacityLimiter(READERS)
        self._shared: dict[tuple[UUID, HeardPart], asyncio.Task[Sequence[HeardSegment]]] = {}

    async def of(self, view: View, part: HeardPart) -> Sequence[HeardSegment]:
        """Raises ContentError, DatabaseUnavailable."""
        if view.ended:  # its content may be deleted at any moment
            return await self._load(view.smelt_id, part)
        name = (view.smelt_id, part)
        task = self._shared.get(name)
        if task is None:
            task = self._shared[name] = asyncio.create_task(self._load(*name))
            task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(task)

    def _forget(self, name: tuple[UUID, HeardPart], done: "asyncio.Task[Sequence[HeardSegment]]") -> None:
        failed = done.cancelled() or done.exception() is not None
        pause = 0.0 if failed else SHARED_SECONDS
        asyncio.get_running_loop().call_later(pause, self._shared.pop, name, None)

    async def _load(self, smelt_id: UUID, part: HeardPart) -> Sequence[HeardSegment]:
        return await to_thread.run_sync(self._read, smelt_id, part, limiter=self._threads)

    def _read(self, smelt_id: UUID, part: HeardPart) -> Sequence[HeardSegment]:
        with self._database.service() as conn:
            wrapped = get_content_key(conn, smelt_id)
        if wrapped is None:
            raise ContentMissing
        key = self._keyring.unwrap(wrapped, smelt_context(smelt_id))
        if part.number is None:
            name = ObjectName(smelt_id, part.file_id, Kind.TRANSCRIPT, part.attempt)
            segments = Transcript.from_json(self._content.get(name, key)).segments[part.first :]
        else:
            name = kept_name(smelt_id, part.file_id, part.attempt, part.number)
            passages = read_kept(self._content, name, key)
            segments = tuple(segment for passage in passages for segment in passage.segments)
        return [
            HeardSegment.of(part.file_id, index, segment)
            for index, segment in enumerate(segments, part.first)
        ]


class Telling:
    """One follower's: what has been told, by the smelt's version. Where the store is away, it is told later."""

    def __init__(self, segments: Segments, since: int | None) -> None:
        """`since`: the version up to which all was told before. None: to somebody new, who is told of what is being
        heard from its beginning; what was completed by then has its transcript.
        """
        self._segments = segments
        self._told = since or 0
        self._new = since is None

    async def news(self, view: View) -> AsyncIterator[tuple[int, Sequence[HeardSegment]]]:
        """What has been heard up to this view; each with the version up to which all is told before it."""
        for part in self._untold(view):
            try:
                segments = await self._segments.of(view, part)
            except (ContentUnavailable, DatabaseUnavailable) as error:
                log.warning("what was heard is told later: %s", error)
                return
            except (ContentMissing, ContentTampered) as error:
                log.warning("what was heard can't be told: %s", type(error).__name__)
            else:
                yield self._told, segments
            self._told = part.version
        self._told, self._new = max(self._told, view.version), False

    def _untold(self, view: View) -> list[HeardPart]:
        if view.newest_heard <= self._told:
            return []
        parts = [
            part
            for file in view.heard
            if not (self._new and file.status is WorkStatus.COMPLETED)
            for part in heard_since(file, view.head.channels, self._told, view.version)
        ]
        return sorted(parts, key=lambda part: part.version)


def segment_events(version: int, segments: Sequence[HeardSegment]) -> bytes:
    """Of a stream. `version`: up to which all has been told before."""
    return b"".join(b"event: segment\ndata: %s\nid: %d\n\n" % (each.data, version) for each in segments)
