"""`smelt speakers`: who speaks in a recording, and the names that they are given."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.client.options import AsJson, Server, SmeltId, Token, connected

if TYPE_CHECKING:
    from deploy.client.client import Client
    from smelt_client.models import SpeakerReply


def speakers(
    smelt_id: SmeltId,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="S1=NAME",
            help="Names for speakers; an empty one takes a name away. None: only show who speaks.",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[
        str | None, typer.Option(help="The recording that is meant, where there are several: its name or id.")
    ] = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Who speaks in a recording, for how many seconds, and by which name; `S1=Alice` gives one.

    Speakers that aren't named keep the name they have. Transcripts have the names at once.
    """
    from deploy.client.output import print_json, print_table
    from deploy.client.speakers import FileSpeakers, names_given, recordings_meant

    with connected(server, token) as client:
        given = names_given(names or [])
        meant = recordings_meant(client.get(smelt_id), file, one=bool(given))
        told = [
            FileSpeakers(file=each.filename, speakers=_told(client, smelt_id, each.id, given))
            for each in meant
        ]
        if as_json:
            print_json(*told)
            return
        rows = [
            (one.label, f"{one.seconds:.1f}", one.name or "", of.file) for of in told for one in of.speakers
        ]
        print_table(("speaker", "seconds", "name", "file"), rows, numbers=["seconds"])


def _told(client: "Client", smelt_id: UUID, file_id: UUID, given: dict[str, str]) -> "list[SpeakerReply]":
    """After `given` were given, if any."""
    from deploy.client.speakers import with_names

    known = client.speakers(smelt_id, file_id).speakers
    if not given:
        return known
    return client.name_speakers(smelt_id, file_id, with_names(known, given)).speakers
