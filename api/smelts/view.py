"""What everybody who may is shown of a smelt at one moment: one JSON text, or server-sent events; and what changed
between two moments.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from api.smelts.presentation import shown_file, shown_output, summary
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput
from pipeline.states import WorkStatus

PART_BYTES = 1_200  # about what a part takes besides its JSON


@dataclass(frozen=True, eq=False)
class View:
    """`head`: the smelt without its parts. `smelt`, `files` and `outputs` are JSON, shared by all who are shown it.

    `places`: in the queue, by file, of those that wait; None: not looked up. What is large is made when
    it is first asked for: then off the event loop. `parts`: what the JSON was made of, so that the next view of the
    smelt makes anew only that of the parts that have changed: making it takes most of the time that a view takes.
    """

    head: Smelt
    smelt: bytes
    files: Mapping[UUID, bytes]
    outputs: Mapping[UUID, bytes]
    places: Mapping[UUID, int | None]
    parts: Mapping[UUID, SmeltFile | SmeltOutput] = field(repr=False)
    _news: "WeakKeyDictionary[View, bytes]" = field(default_factory=WeakKeyDictionary, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, smelt: Smelt, places: Mapping[UUID, int], before: "View | None" = None) -> "View":
        """`before`: an earlier view of the same smelt: what is as it was then isn't made, nor kept, twice."""
        waiting = {file.id: places.get(file.id) for file in smelt.files if file.status is WorkStatus.PENDING}
        return cls(
            head=replace(smelt, files=(), outputs=()),
            smelt=_json(summary(smelt)),
            files={
                file.id: _unchanged(file, waiting.get(file.id), before)
                or _json(shown_file(file, waiting.get(file.id)))
                for file in smelt.files
            },
            outputs={
                output.id: _unchanged(output, None, before)
                or _json(shown_output(output, smelt.user_prompt_id))
                for output in smelt.outputs
            },
            places=waiting,
            parts={
                **{file.id: file for file in smelt.files},
                **{output.id: output for output in smelt.outputs},
            },
        )

    @property
    def smelt_id(self) -> UUID:
        return self.head.id

    @property
    def version(self) -> int:
        return self.head.version

    @property
    def ended(self) -> bool:
        return self.head.status.terminal

    @property
    def waiting(self) -> bool:
        """Whether a file waits in the queue."""
        return bool(self.places)

    @cached_property
    def heard(self) -> tuple[SmeltFile, ...]:
        """The files of which segments are kept."""
        return tuple(part for part in self.parts.values() if isinstance(part, SmeltFile) and part.kept)

    @cached_property
    def newest_heard(self) -> int:
        """The version by which the last of them came."""
        return max((file.kept[-1].version for file in self.heard), default=0)

    @cached_property
    def size(self) -> int:
        """Bytes that it takes in memory, about, with its body and its snapshot."""
        parts = sum(map(len, self.files.values())) + sum(map(len, self.outputs.values()))
        return 3 * (len(self.smelt) + parts) + PART_BYTES * (1 + len(self.parts))

    @cached_property
    def body(self) -> bytes:
        """The smelt with its parts as one JSON object: a `SmeltReply`."""
        files, outputs = b",".join(self.files.values()), b",".join(self.outputs.values())
        return b'%s,"files":[%s],"outputs":[%s]}' % (self.smelt.removesuffix(b"}"), files, outputs)

    @cached_property
    def snapshot(self) -> bytes:
        """All events that there are to tell."""
        return b"".join(self._since(None))

    def moved(self, places: Mapping[UUID, int]) -> "View":
        """The same with other places in the queue. A file that isn't in `places` keeps its own."""
        files, now = dict(self.files), dict(self.places)
        for file_id, old in self.places.items():
            now[file_id] = places.get(file_id, old)
            files[file_id] = files[file_id].replace(_place(old), _place(now[file_id]), 1)
        return View(self.head, self.smelt, files, self.outputs, now, self.parts)

    def since(self, before: "View") -> bytes:
        """The events that lead from `before` here, the smelt's own first. Made once for all who come from there."""
        with self._lock:
            news = self._news.get(before)
            if news is None:
                news = self._news[before] = b"".join(self._since(before))
        return news

    def _since(self, before: "View | None") -> Iterator[bytes]:
        if before is None or self.smelt != before.smelt:
            yield self._event(b"smelt", self.smelt)
        for name, parts, old in (
            (b"file", self.files, before.files if before else {}),
            (b"output", self.outputs, before.outputs if before else {}),
        ):
            for part_id, part in parts.items():
                if old.get(part_id) != part:
                    yield self._event(name, part)
        if self.ended:
            yield self._event(b"done", b'{"status":"%s"}' % self.head.status.encode())

    def _event(self, name: bytes, data: bytes) -> bytes:
        return b"event: %s\ndata: %s\nid: %d\n\n" % (name, data, self.version)


def _unchanged(part: SmeltFile | SmeltOutput, place: int | None, before: View | None) -> bytes | None:
    """The part's JSON in `before`, if it was the same then, at this place in the queue."""
    if before is None or before.parts.get(part.id) != part or before.places.get(part.id) != place:
        return None
    return before.files.get(part.id) or before.outputs.get(part.id)


def _json(reply: BaseModel) -> bytes:
    return reply.model_dump_json().encode()


def _place(place: int | None) -> bytes:
    """As it stands in a file's JSON: once, since the quotes of what a file's name says are escaped."""
    return b'"queue_position":%s' % (b"null" if place is None else b"%d" % place)
