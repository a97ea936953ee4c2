"""A smelt followed to its end: by its events, and where no stream comes through by looking again and again."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from smelt_client import Refused, Unreachable
from smelt_client.events import LAST, Event
from smelt_client.models import FileReply, OutputReply, SmeltReply

FIRST_LOOK, SLOWEST_LOOK = 0.1, 2.0  # seconds between two looks at a smelt
FASTEST_TURN = 0.1  # seconds between looks at two smelts of many
SEGMENT = "segment"

Part = TypeVar("Part", FileReply, OutputReply)


Hear = Callable[[UUID, str], None]
"""(file's id, text): what was heard last of a recording that is being heard."""


def followed(
    look: Callable[[], SmeltReply], events: Callable[[], Iterable[Event]], hear: Hear = lambda *_: None
) -> Iterator[SmeltReply]:
    """The smelt whenever it has changed, or more of it was heard; the last has ended. Raises what `look` does."""
    smelt = look()
    yield smelt
    if smelt.ended:
        return
    with suppress(Refused, Unreachable, ValidationError):  # looking does as well, or shows what the matter is
        yield from _told(smelt, events(), hear)
    yield from _looked(look)


def followed_together(looks: Sequence[Callable[[], SmeltReply]]) -> Iterator[list[SmeltReply]]:
    """Several smelts, by looking at those that haven't ended, in turns; the last time all have.

    Raises what `looks` do.
    """
    seen = [look() for look in looks]
    yield seen
    while open_ones := [number for number, smelt in enumerate(seen) if not smelt.ended]:
        pause = SLOWEST_LOOK / len(open_ones)
        for number in open_ones:
            time.sleep(max(pause, FASTEST_TURN))
            seen = [*seen[:number], looks[number](), *seen[number + 1 :]]
            yield seen


def _told(smelt: SmeltReply, events: Iterable[Event], hear: Hear) -> Iterator[SmeltReply]:
    """After each event that changes it, until the last. What the caller is too slow for is left out."""
    free_at = 0.0
    for event in events:
        if event.name == LAST:
            return
        before, smelt = smelt, _applied(smelt, event)
        if event.name == SEGMENT:
            hear(UUID(event.data["file"]), str(event.data["text"]))
        begun = time.monotonic()
        if (smelt != before or event.name == SEGMENT) and begun >= free_at:
            yield smelt
            ended = time.monotonic()
            free_at = ended + (ended - begun)


def _looked(look: Callable[[], SmeltReply]) -> Iterator[SmeltReply]:
    pause, version = FIRST_LOOK, 0
    while True:
        smelt = look()
        if smelt.version != version:
            pause, version = FIRST_LOOK, smelt.version
            yield smelt
        if smelt.ended:
            return
        time.sleep(pause)
        pause = min(SLOWEST_LOOK, pause * 1.5)


def _applied(smelt: SmeltReply, event: Event) -> SmeltReply:
    match event.name:
        case "smelt":
            return SmeltReply.model_validate({**event.data, "files": smelt.files, "outputs": smelt.outputs})
        case "file":
            files = _replaced(smelt.files, FileReply.model_validate(event.data))
            return smelt.model_copy(update={"files": files})
        case "output":
            outputs = _replaced(smelt.outputs, OutputReply.model_validate(event.data))
            return smelt.model_copy(update={"outputs": outputs})
        case _:
            return smelt


def _replaced(parts: list[Part], new: Part) -> list[Part]:
    return [new if part.id == new.id else part for part in parts]
