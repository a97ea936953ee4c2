"""Follows smelts to their end, and puts their results where they are wanted."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from rich.console import Console
from rich.markdown import Markdown

from deploy.client.client import Client
from deploy.client.destination import Destination, Kind
from deploy.client.failures import SmeltNotCompleted
from deploy.client.output import say
from deploy.client.parts import parts_of
from deploy.client.progress import display
from deploy.client.transcripts import transcripts
from smelt_client import SmeltError
from smelt_client.models import SmeltReply

ARCHIVE = ".zip"
MEDIA_TYPES = {ARCHIVE: "application/zip", ".json": "application/json"}  # otherwise Markdown


def follow(client: Client, smelt_ids: Sequence[UUID]) -> Sequence[SmeltReply]:
    """Shows how far they are until all have ended, then what went wrong with them."""
    ended: Sequence[SmeltReply] = ()
    with display(Console(stderr=True)) as shown:
        for ended in client.follow_all(smelt_ids, shown.hear):
            shown.show(ended)
    for smelt in ended:
        say_what_went_wrong(smelt)
    return ended


def give_results(
    client: Client, smelts: Sequence[SmeltReply], destination: Destination, *, complete: bool = True
) -> None:
    """Of those that are completed, or without `complete` whatever there is.

    Raises Misused for a format that they don't come in, and where something would be overwritten.
    """
    destination.check_several(len(smelts))
    for smelt in smelts:
        if complete and not smelt.completed:
            continue
        destination.check_format(prompts=bool(smelt.outputs))
        if destination.kind is Kind.FOLDER:
            below = str(smelt.id) if len(smelts) > 1 else ""
            paths = destination.write_archive(_results(client, smelt, ARCHIVE), below)
            say(f"{len(paths):,} {'file is' if len(paths) == 1 else 'files are'} in {destination.path}")
        elif destination.kind is Kind.FILE:
            destination.write(_results(client, smelt, destination.ending))
        else:
            _print(_results(client, smelt, ""))


def result_as_markdown(client: Client, smelt: SmeltReply) -> bytes:
    """One document, whatever the smelt's results are."""
    return _results(client, smelt, "")


def check_completed(smelts: Sequence[SmeltReply]) -> None:
    """Raises SmeltNotCompleted."""
    lost = [smelt for smelt in smelts if not smelt.completed]
    if lost:
        told = "; ".join(f"{smelt.error_message or 'no result'} ({smelt.id})" for smelt in lost)
        states = " and ".join(sorted({smelt.status for smelt in lost}))
        raise SmeltNotCompleted(
            f"{'the smelt' if len(smelts) == 1 else f'{len(lost)} of {len(smelts)} smelts'} {states}: {told}"
        )


@contextmanager
def kept(smelt_ids: Sequence[UUID]) -> Iterator[None]:
    """Whatever goes wrong once they are sent, their work isn't lost: says how to get at it."""
    try:
        yield
    except SmeltNotCompleted:
        raise
    except (SmeltError, OSError, KeyboardInterrupt):
        for smelt_id in smelt_ids:
            say(f"{smelt_id} is sent and goes on; its results: smelt get {smelt_id} --wait -o FILE")
        raise


def _print(results: bytes) -> None:
    if sys.stdout.isatty():
        Console().print(Markdown(results.decode()))
    else:
        print(results.decode(), end="")


def _results(client: Client, smelt: SmeltReply, ending: str) -> bytes:
    """A smelt without prompts has transcripts."""
    if not smelt.outputs:
        return transcripts(client, smelt, ending)
    return client.results(smelt.id, MEDIA_TYPES.get(ending, "text/markdown"))


def say_what_went_wrong(smelt: SmeltReply) -> None:
    """What results don't show: which parts there are none of, and what was noted of the others."""
    for part in parts_of(smelt):
        if part.error:
            say(f"{part.title}: {part.error}")
    for file in smelt.files:
        for warning in file.warnings:
            say(f"{file.filename}: warning: {warning}")
    for warning in smelt.warnings:
        say(f"warning: {warning}")
