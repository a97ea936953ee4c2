"""What the client's commands print: for a reader on a terminal, tab-separated in a pipe, or JSON.

Results and data go to stdout; progress, warnings and errors to stderr, so that a pipe gets the former alone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from api.schemas.smelts import SmeltReply
from deploy.client.client import MEDIA_TYPES, Client
from deploy.client.failures import Misused, SmeltNotCompleted
from deploy.client.progress import display, parts_of
from deploy.client.transcripts import transcripts
from pipeline.states import SmeltStatus

STDOUT = Path("-")
SUBTITLES = (".srt", ".vtt")


class Deleted(BaseModel):
    """What `delete --json` prints; the service's own reply is empty."""

    id: UUID
    deleted: bool = True


def say(line: str) -> None:
    print(line, file=sys.stderr)


def read_stdin() -> str:
    """Raises Misused for what is no text."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Misused("what came on stdin is not UTF-8; send recordings as files") from None


def print_json(*models: BaseModel) -> None:
    """One object a line."""
    for model in models:
        print(model.model_dump_json())


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print(*row, sep="\t")
        return
    table = Table(*titles)
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    Console().print(table)


def print_smelt(smelt: SmeltReply) -> None:
    print_table(
        ("part", "status", "progress", "error"),
        [
            (f"smelt   {smelt.id}", smelt.status, f"{smelt.progress:.0%}", smelt.error_message or ""),
            *(
                (part.name, part.status, f"{part.progress:.0%}", part.error or "")
                for part in parts_of(smelt.model_dump(mode="json"))
            ),
        ],
    )


def follow(client: Client, smelt_id: UUID) -> SmeltReply:
    """Shows a bar for each part until the smelt has ended, then what went wrong with it."""
    with display(Console(stderr=True)) as shown:
        for smelt in client.follow(smelt_id):
            shown.show(parts_of(smelt.model_dump(mode="json")))
    for part in parts_of(smelt.model_dump(mode="json")):
        if part.error:
            say(f"smelt: {part.name}: {part.error}")
    for file in smelt.files:
        for warning in file.warnings:
            say(f"smelt: {file.filename}: warning: {warning}")
    for warning in smelt.warnings:
        say(f"smelt: warning: {warning}")
    return smelt


def check_completed(smelt: SmeltReply) -> None:
    """Raises SmeltNotCompleted."""
    if smelt.status is not SmeltStatus.COMPLETED:
        raise SmeltNotCompleted(
            f"the smelt {smelt.status}: {smelt.error_message or 'no result'} ({smelt.id})"
        )


def give_results(client: Client, smelt: SmeltReply, file: Path | None) -> None:
    """Into the file, in the format of its ending, or onto stdout. A smelt without prompts has transcripts.

    Raises Misused for a format that they don't come in.
    """
    results = _results(client, smelt, "" if file is None else file.suffix.lower())
    if file is not None and file != STDOUT:
        file.write_bytes(results)
    elif sys.stdout.isatty():
        Console().print(Markdown(results.decode()))
    else:
        print(results.decode(), end="")


def _results(client: Client, smelt: SmeltReply, ending: str) -> bytes:
    if not smelt.outputs:
        return transcripts(client, smelt, ending)
    if ending in SUBTITLES:
        raise Misused(f"what prompts give has no times: it goes into .md, .zip or .json, not {ending}")
    return client.results(smelt.id, MEDIA_TYPES.get(ending, "text/markdown"))
