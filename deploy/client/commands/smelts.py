"""`smelt list`, `show`, `events`, `cancel`, `retry`, `delete`: what was sent."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.client.options import (
    AsJson,
    Force,
    Output,
    PartNames,
    Server,
    SmeltId,
    Token,
    Wait,
    Yes,
    connected,
)
from pipeline.states import SmeltMode, SmeltStatus

if TYPE_CHECKING:
    from deploy.client.client import Client
    from smelt_client import Event
    from smelt_client.models import ListedSmelt, SmeltReply

    OfPart = Callable[[UUID, UUID], SmeltReply]

NAMES = 3  # of a smelt's files that its line in a list has room for


def list_smelts(
    *,
    status: Annotated[SmeltStatus | None, typer.Option(help="Only those with it.")] = None,
    mode: Annotated[SmeltMode | None, typer.Option(help="Only those of it.")] = None,
    after: Annotated[
        str | None, typer.Option(help="Created after that: `yesterday`, `3h`, `2 days ago`, `2026-11-02`.")
    ] = None,
    before: Annotated[str | None, typer.Option(help="Created before that.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at the most.")] = 20,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Your smelts, newest first."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        smelts = list(
            client.list(
                limit,
                status=status and status.value,
                mode=mode and mode.value,
                created_after=_moment(after),
                created_before=_moment(before),
            )
        )
        if as_json:
            print_json(*smelts)
            return
        titles = ("id", "status", "mode", "progress", "created", "files")
        print_table(titles, map(_row, smelts))


def show(
    smelt_id: SmeltId,
    *,
    wait: Wait = False,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """A smelt and its parts; with --wait or -o its results."""
    from deploy.client.destination import Destination
    from deploy.client.output import print_json, print_smelt
    from deploy.client.results import check_completed, follow, give_results

    with connected(server, token) as client:
        destination = Destination.of(output, force=force)
        smelts = follow(client, [smelt_id]) if wait else [client.get(smelt_id)]
        if as_json:
            print_json(*smelts)
        elif output is None and not wait:
            print_smelt(smelts[0])
        if output is not None or (wait and not as_json):
            give_results(client, smelts, destination, complete=wait)
        if wait:
            check_completed(smelts)


def events(smelt_id: SmeltId, *, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """What happens to a smelt, as it happens, until it has ended."""
    import json

    with connected(server, token) as client:
        for event in client.events(smelt_id):
            if as_json:
                print(
                    json.dumps({"event": event.name, "version": event.version, "data": event.data}),
                    flush=True,
                )
            else:
                print(*_event_row(event), sep="\t", flush=True)


def cancel(
    smelt_id: SmeltId,
    *,
    part: PartNames = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Stop what runs, or one part. What has completed keeps its results."""
    with connected(server, token) as client:
        smelt = (
            _each_part(client, smelt_id, part, client.cancel_file, client.cancel_output)
            if part
            else client.cancel(smelt_id)
        )
        _print(smelt, as_json=as_json)


def retry(
    smelt_id: SmeltId,
    *,
    part: PartNames = None,
    wait: Wait = False,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Run again what failed or was canceled, or one part of it."""
    from deploy.client.destination import Destination
    from deploy.client.output import print_json
    from deploy.client.results import check_completed, follow, give_results, kept

    with connected(server, token) as client:
        destination = Destination.of(output, force=force)
        smelt = (
            _each_part(client, smelt_id, part, client.retry_file, client.retry_output)
            if part
            else client.retry(smelt_id)
        )
        if not (wait or output):
            _print(smelt, as_json=as_json)
            return
        with kept([smelt_id]):
            ended = follow(client, [smelt_id])
            if as_json:
                print_json(*ended)
            if output is not None or not as_json:
                give_results(client, ended, destination)
            check_completed(ended)


def delete(
    smelt_id: SmeltId,
    *,
    content: Annotated[bool, typer.Option("--content", help="Keep the metadata.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a smelt: content and metadata, now. Asks first; where nobody can be asked it takes --yes."""
    from deploy.client.output import confirm

    with connected(server, token) as client:
        what = (
            "what was sent and all results" if content else "what was sent, all results and the record of it"
        )
        confirm(f"Delete {smelt_id}, {what}, for good?", yes=yes)
        _delete(client, smelt_id, content=content, as_json=as_json)


def _delete(client: "Client", smelt_id: UUID, *, content: bool, as_json: bool) -> None:
    from deploy.client.output import Deleted, print_json, say

    if not content:
        client.delete(smelt_id)
        if as_json:
            print_json(Deleted(id=smelt_id))
        return
    receipt = client.delete_content(smelt_id)
    if as_json:
        print_json(receipt)
    else:
        say(f"{receipt.objects_deleted} objects deleted, key destroyed {receipt.key_destroyed_at}")


def _each_part(
    client: "Client", smelt_id: UUID, names: Sequence[str], file: "OfPart", output: "OfPart"
) -> "SmeltReply":
    """Every name is looked up before anything is done; what has gone along with another part is left alone."""
    from deploy.client.parts import FILE, part_named, parts_of

    smelt = client.get(smelt_id)
    for part in [part_named(smelt, name) for name in names]:
        now = next(each for each in parts_of(smelt) if each.id == part.id)
        if now.ended == part.ended:
            smelt = (file if part.kind == FILE else output)(smelt_id, part.id)
    return smelt


def _print(smelt: "SmeltReply", *, as_json: bool) -> None:
    from deploy.client.output import print_json, print_smelt

    print_json(smelt) if as_json else print_smelt(smelt)


def _event_row(event: "Event") -> list[object]:
    from deploy.client.following import SEGMENT
    from deploy.client.shown import in_one_line

    data = event.data
    if event.name == SEGMENT:
        when = f"{data['start']:.2f}-{data['end']:.2f}"
        return [event.version, event.name, data["file"], when, in_one_line(data["text"])]
    name = data.get("filename") or data.get("default_prompt_name") or data.get("id", "")
    done = f"{data['progress']:.0%}" if "progress" in data else ""
    place = data.get("queue_position")
    noted = [] if place is None else [f"place {place:,} in the queue"]
    return [event.version, event.name, name, data["status"], done, *noted]


def _row(smelt: "ListedSmelt") -> tuple[object, ...]:
    more = ", …" if len(smelt.first_filenames) > NAMES else ""
    names = ", ".join(smelt.first_filenames[:NAMES]) + more
    return (smelt.id, smelt.status, smelt.mode, f"{smelt.progress:.0%}", f"{smelt.created_at:%F %T}Z", names)


def _moment(given: str | None) -> datetime | None:
    from deploy.client.moments import moment

    return None if given is None else moment(given, datetime.now(UTC).astimezone())
