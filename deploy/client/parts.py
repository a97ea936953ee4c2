"""The files and outputs of a smelt, as one line each tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from deploy.client.shown import in_one_line
from pipeline.states import WaitingFor, WorkStatus
from smelt_client import Misused
from smelt_client.models import FileReply, OutputReply, SmeltReply

FILE, OUTPUT = "file", "output"
_WAITS: dict[str, str] = {
    WaitingFor.CONTENT_STORE: "waits for the content store",
    WaitingFor.LANGUAGE_MODEL: "waits for the language model",
    WaitingFor.HOLD: "is held by the service's operator",
}


@dataclass(frozen=True, slots=True)
class Part:
    """`kind`: FILE or OUTPUT. `progress`: from 0 to 1. `error`: why it failed. `heard`: the last that was heard of a
    file that is at work.
    """

    id: UUID
    kind: str
    name: str
    status: str
    progress: float
    place: int | None
    waiting_for: str | None
    error: str | None
    heard: str = ""

    @property
    def ended(self) -> bool:
        return WorkStatus(self.status).terminal

    @property
    def title(self) -> str:
        return f"{self.kind:<7} {self.name}"

    @property
    def standing(self) -> str:
        """What it does. How far it has come is told of what is at work alone."""
        if self.status == WorkStatus.PROCESSING and not self.note:
            return f"{self.progress:.0%}"
        return self.note or self.status

    @property
    def note(self) -> str:
        """What it waits for."""
        if self.waiting_for is not None:
            return _WAITS.get(self.waiting_for, f"waits for {self.waiting_for}")
        return "" if self.place is None else f"place {self.place:,} in the queue"


def parts_of(smelt: SmeltReply, heard: Mapping[UUID, str] | None = None) -> list[Part]:
    """Always in the same order: two files may have one name. `heard`: the last of each file."""
    names = {file.id: file.filename for file in smelt.files}
    return [_file(file, (heard or {}).get(file.id, "")) for file in smelt.files] + [
        _output(output, names[output.file_id] if output.file_id else "all files together")
        for output in smelt.outputs
    ]


def part_named(smelt: SmeltReply, named: str) -> Part:
    """By its id, or by the name that a list of the parts gives it, in any case. Raises Misused: none, or several."""
    found = [part for part in parts_of(smelt) if named.casefold() in (str(part.id), part.name.casefold())]
    if not found:
        raise Misused(f"no part is called {named}: `smelt show {smelt.id}` lists them")
    if len(found) > 1:
        ids = ", ".join(str(part.id) for part in found)
        raise Misused(f"{len(found)} parts are called {named}: give an id, one of {ids}")
    return found[0]


def summary_of(smelts: Sequence[SmeltReply]) -> str:
    """All of them in one line."""
    files = [file.status for smelt in smelts for file in smelt.files]
    outputs = [output.status for smelt in smelts for output in smelt.outputs]
    told = [_counted(files, "files")]
    told += [_counted(outputs, "outputs")] if outputs else []
    failed = (files + outputs).count(WorkStatus.FAILED)
    told += [f"{failed:,} failed"] if failed else []
    places = [file.queue_position for smelt in smelts for file in smelt.files if file.queue_position]
    if places and WorkStatus.PROCESSING not in files + outputs:
        told.append(f"place {min(places):,} in the queue")
    return ", ".join(told)


def _counted(statuses: Sequence[str], what: str) -> str:
    return f"{statuses.count(WorkStatus.COMPLETED):,} of {len(statuses):,} {what}"


def _file(file: FileReply, heard: str) -> Part:
    place = None if file.ended else file.queue_position
    return Part(
        file.id,
        FILE,
        file.filename,
        file.status,
        file.progress,
        place,
        file.waiting_for,
        file.error_message,
        in_one_line(heard) if file.status == WorkStatus.PROCESSING else "",
    )


def _output(output: OutputReply, of: str) -> Part:
    name = f"{output.default_prompt_name or 'own prompt'} of {of}"
    return Part(
        output.id,
        OUTPUT,
        name,
        output.status,
        output.progress,
        None,
        output.waiting_for,
        output.error_message,
    )
