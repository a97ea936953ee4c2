"""Which segments of a smelt's recordings have come since a version of it, and where they are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from pipeline.smelt import SmeltFile
from pipeline.states import Channels, WorkStatus


@dataclass(frozen=True, slots=True)
class HeardPart:
    """Segments of a file, from the index `first` on, that are there from this version of the smelt on.

    `number`: of the object that holds them; None: they are what is left of the transcript. `attempt`: by which the
    object is named.
    """

    version: int
    file_id: UUID
    first: int
    attempt: int
    number: int | None


def heard_since(file: SmeltFile, channels: Channels, after: int, up_to: int) -> Iterator[HeardPart]:
    """In order. `after`, `up_to`: versions; the first excluded. Where speakers were told apart after all had been
    heard, all is told once more, with them: the segments are cut anew, where the speaker changes.
    """
    first = 0
    new = []
    for number, line in enumerate(file.kept, 1):
        if after < line.version <= up_to:
            new.append(HeardPart(line.version, file.id, first, line.attempt, number))
        if line.version <= after or file.status is not WorkStatus.COMPLETED:
            first = line.segments
    if new and file.status is WorkStatus.COMPLETED:
        anew = channels is Channels.MIXED and file.speaker_seconds is not None
        told = 0 if anew else first
        yield HeardPart(new[-1].version, file.id, told, file.attempt, None)
    else:
        yield from new
