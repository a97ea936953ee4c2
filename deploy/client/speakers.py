"""Whose speakers are meant, and the names that are given to them."""

from collections.abc import Sequence

from pydantic import BaseModel

from pipeline.states import InputType
from smelt_client import Misused
from smelt_client.models import FileReply, SmeltReply, SpeakerReply


class FileSpeakers(BaseModel):
    """Of one recording, as `smelt speakers --json` prints them."""

    file: str
    speakers: list[SpeakerReply]


def names_given(arguments: Sequence[str]) -> dict[str, str]:
    """By label, of `S1=Alice`; an empty name takes one away. Raises Misused."""
    names: dict[str, str] = {}
    for argument in arguments:
        label, equals, name = argument.partition("=")
        if not (label and equals):
            raise Misused(f"{argument!r} names no speaker: it must be like S1=Alice")
        if label in names:
            raise Misused(f"{label} is given two names")
        names[label] = name
    return names


def with_names(known: Sequence[SpeakerReply], given: dict[str, str]) -> dict[str, str]:
    """All names, since the service takes them in place of those before: who isn't named anew keeps the name."""
    return {speaker.label: speaker.name for speaker in known if speaker.name is not None} | given


def recordings_meant(smelt: SmeltReply, name: str | None, *, one: bool) -> list[FileReply]:
    """`name`: of a file, or its id; None: all whose speakers were told apart, and where there is none all recordings,
    of which the service says why. `one`: only one can be meant. Raises Misused.
    """
    recordings = [file for file in smelt.files if file.input_type == InputType.AUDIO]
    if name is not None:
        meant = [file for file in recordings if name in (file.filename, str(file.id))]
        one = True
    else:
        meant = [file for file in recordings if file.speakers is not None] or recordings
    if not meant:
        raise Misused(f"the smelt has no recording {name}" if name else "the smelt has no recording")
    if one and len(meant) > 1:
        ids = ", ".join(f"{file.id} ({file.filename})" for file in meant)
        raise Misused(f"--file must say which recording is meant, by its name or id: {ids}")
    return meant
