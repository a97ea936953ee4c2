"""Keeps what has been heard of a recording while the rest is heard, so that it can be read, and isn't heard again.

One sealed object for what came since the last, at most every few seconds, and none for a recording that is done within
its first passage: so an hour costs a few dozen of them. They are the smelt's content like all else of it, and go with
it. Where the store is away the recording is heard on all the same, and what was heard is kept later.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.work.kept import note_kept
from pipeline.content.errors import ContentMissing, ContentTampered, ContentUnavailable
from pipeline.content.store import ContentStore
from pipeline.smelt import Kept
from pipeline.speech.kept import kept_name, put_kept, read_kept
from pipeline.speech.passage import Before, Passage
from pipeline.speech.transcript import Segment
from workers.actors.content import record_if_ours
from workers.runner.task import Task

log = logging.getLogger(__name__)

KEEP_SECONDS = 3.0  # between two objects, at least
AWAY_SECONDS = 15.0  # until the store is tried again where it was away


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier attempts have kept: `passages`, in `objects` objects."""

    passages: tuple[Passage, ...] = ()
    objects: int = 0

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(segment for passage in self.passages for segment in passage.segments)

    @property
    def before(self) -> Before:
        return Before.of(self.passages)


def read_earlier(
    content: ContentStore, smelt_id: UUID, file_id: UUID, kept: Sequence[Kept], key: bytes
) -> Earlier:
    """Up to what isn't there any more or is damaged: from there on it is heard again. Raises ContentUnavailable."""
    passages: list[Passage] = []
    for number, one in enumerate(kept, 1):
        try:
            passages += read_kept(content, kept_name(smelt_id, file_id, one.attempt, number), key)
        except (ContentMissing, ContentTampered) as error:
            log.warning(
                "what was heard before can't be read from object %d on: %s", number, type(error).__name__
            )
            return Earlier(tuple(passages), number - 1)
    return Earlier(tuple(passages), len(kept))


class Keeping:
    """Of one attempt. `earlier`: what those before it have kept."""

    def __init__(
        self,
        task: Task,
        smelt_id: UUID,
        key: bytes,
        earlier: Earlier,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._task = task
        self._smelt_id = smelt_id
        self._key = key
        self._objects = earlier.objects
        self._segments = len(earlier.segments)
        self._heard: Sequence[Passage] = ()
        self._kept = 0  # of these
        self._clock = clock
        self._due = clock()

    def tick(self, passages: Sequence[Passage]) -> None:
        """`passages`: all of this attempt, which grow. Keeps what is new, if it is time to. Raises LostLease."""
        self._heard = passages
        if len(passages) > self._kept and self._clock() >= self._due:
            self._keep(passages[self._kept :])

    def end(self) -> None:
        """All has been heard, and the transcript isn't to be had yet: keeps the rest. Raises LostLease."""
        if len(self._heard) > self._kept:
            self._keep(self._heard[self._kept :])

    def _keep(self, new: Sequence[Passage]) -> None:
        number = self._objects + 1
        name = kept_name(self._smelt_id, self._task.claim.id, self._task.claim.attempt, number)
        try:
            put_kept(self._task.services.content, name, self._key, new)
        except ContentUnavailable:
            log.warning("the content store is away; what has been heard is kept once it is back")
            self._due = self._clock() + AWAY_SECONDS
            return
        segments = self._segments + sum(len(passage.segments) for passage in new)
        record_if_ours(
            self._task,
            self._smelt_id,
            lambda: self._task.services.record(
                lambda conn: note_kept(conn, self._task.claim, self._objects, segments)
            ),
        )
        self._objects, self._segments = number, segments
        self._kept += len(new)
        self._due = self._clock() + KEEP_SECONDS
