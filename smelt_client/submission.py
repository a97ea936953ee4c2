"""A post: inputs and fields as the parts of a form, with what makes repeating it safe.

A part's size is told before it is sent, and a lost post is sent again from its start. Regular files can do both; what
comes through a pipe or from a device is read to its end first, into a file of ours.
"""

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypedDict
from uuid import UUID, uuid4

from smelt_client.errors import Misused

Input = Path | str | bytes  # a file, or a text; one in bytes is UTF-8
Field = str | Sequence[str]
Part = tuple[str, tuple[str, bytes | BinaryIO]]  # its field, its name and what it holds

LONGEST_NAME = 255
NAME_OF_TEXTS = "text.md"
CHANGED = "a file changed its size while it was sent"


class Options(TypedDict, total=False):
    """What a post asks for. `prompts`: names of default prompts. `own_prompt`: the id of one of the user's own.
    `translate`: recordings are written down in English. `content_ttl`: seconds that the content outlives the end.
    `speakers`: whether who speaks is to be told; `channels`
    `separate`: each channel is a speaker. `more`: fields of the API that have no name here.
    """

    prompts: Sequence[str]
    own_prompt: UUID | None
    combine: bool
    language: str | None
    translate: bool
    vocabulary: str | None
    content_ttl: int | None
    webhook_url: str | None
    channels: str | None
    speakers: bool
    min_speakers: int | None
    max_speakers: int | None
    idempotency_key: str | None
    more: Mapping[str, Field]


class Submission:
    """What goes to `POST /v1/smelts`, with the same key for every try of it."""

    def __init__(self, inputs: Sequence[Input], options: Options) -> None:
        self._inputs = inputs
        self.headers = {"Idempotency-Key": options.get("idempotency_key") or str(uuid4())}
        self.fields: dict[str, Field] = {
            "mode": "combine" if options.get("combine") else "separate",
            "default_prompt_names": list(options.get("prompts", ())),
        }
        if options.get("translate"):
            self.fields["task"] = "translate"
        for name, given in (
            ("user_prompt_id", options.get("own_prompt")),
            ("language", options.get("language")),
            ("vocabulary", options.get("vocabulary")),
            ("content_ttl", options.get("content_ttl")),
            ("webhook_url", options.get("webhook_url")),
            ("channels", options.get("channels")),
            ("speakers", "true" if options.get("speakers") else None),
            ("min_speakers", options.get("min_speakers")),
            ("max_speakers", options.get("max_speakers")),
        ):
            if given is not None:
                self.fields[name] = str(given)
        self.fields.update(options.get("more", {}))

    def opened(self, stack: ExitStack) -> list[Part]:
        """`stack` closes the files. Raises Misused for one that can't be read."""
        return [_part(item, stack) for item in self._inputs]


def _part(item: Input, stack: ExitStack) -> Part:
    if isinstance(item, bytes):
        return "texts", (NAME_OF_TEXTS, item)
    if isinstance(item, str):
        if len(item) <= LONGEST_NAME and Path(item).is_file():
            raise Misused(f"{item} is the name of a file: give a Path; a str is a text")
        return "texts", (NAME_OF_TEXTS, item.encode())
    try:
        file: BinaryIO = stack.enter_context(item.open("rb"))
        return "files", (_name(item), file if _has_size(file) else _spooled(file, stack))
    except OSError as error:
        raise Misused(f"{item} can't be read: {error.strerror}") from None


def _name(file: Path) -> str:
    """As UTF-8, whatever the locale is; what isn't, replaced."""
    return os.fsencode(file.name).decode(errors="replace")


def _has_size(file: BinaryIO) -> bool:
    """Whether it says how much will be read from it. The files of `/proc` say 0, whatever they hold."""
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _spooled(file: BinaryIO, stack: ExitStack) -> BinaryIO:
    spool: BinaryIO = stack.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the others
    shutil.copyfileobj(file, spool)
    spool.seek(0)  # which writes what is left, too: its size is looked at next
    return spool
