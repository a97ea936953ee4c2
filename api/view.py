"""What a follower is shown of a smelt at one moment, as server-sent events; and what changed between two moments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi.sse import format_sse_event

from api.presentation import full, summary
from pipeline.smelt import Smelt
from pipeline.states import WorkStatus


@dataclass(frozen=True, slots=True)
class View:
    """`smelt`, `files` and `outputs` are JSON, shared by all followers. `waiting`: a file waits in the queue."""

    smelt_id: UUID
    version: int
    ended: bool
    waiting: bool
    smelt: str
    files: dict[UUID, str]
    outputs: dict[UUID, str]
    source: Smelt
    places: Mapping[UUID, int]

    @classmethod
    def of(cls, smelt: Smelt, places: Mapping[UUID, int]) -> "View":
        """`places`: in the queue, by file, of those that wait."""
        reply = full(smelt, places)
        return cls(
            smelt_id=smelt.id,
            version=smelt.version,
            ended=smelt.status.terminal,
            waiting=any(file.status is WorkStatus.PENDING for file in smelt.files),
            smelt=summary(smelt).model_dump_json(),
            files={file.id: file.model_dump_json() for file in reply.files},
            outputs={output.id: output.model_dump_json() for output in reply.outputs},
            source=smelt,
            places=places,
        )

    def since(self, before: "View | None") -> bytes:
        """The events that lead from `before` here, the smelt's own first; with None all: a snapshot."""
        return b"".join(self._since(before))

    def _since(self, before: "View | None") -> Iterator[bytes]:
        if before is None or self.smelt != before.smelt:
            yield self._event("smelt", self.smelt)
        for name, parts, old in (
            ("file", self.files, before.files if before else {}),
            ("output", self.outputs, before.outputs if before else {}),
        ):
            for part_id, part in parts.items():
                if old.get(part_id) != part:
                    yield self._event(name, part)
        if self.ended:
            yield self._event("done", f'{{"status":"{self.source.status}"}}')

    def _event(self, name: str, data: str) -> bytes:
        return format_sse_event(event=name, data_str=data, id=str(self.version))
