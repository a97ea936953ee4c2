"""`smelt submit` and `smelt get`: a batch goes out, its results come back."""

from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.client.options import (
    AsJson,
    Channels,
    Combine,
    Force,
    Language,
    MaxSpeakers,
    MinSpeakers,
    Output,
    OwnPrompt,
    Prompt,
    Server,
    SmeltId,
    Speakers,
    TextPrompt,
    Token,
    Translate,
    Ttl,
    Vocabulary,
    Wait,
    connected,
    submit_options,
)

if TYPE_CHECKING:
    from deploy.client.selection import Input


def submit(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Recordings and texts; folders, with all below them; patterns, quoted; `-`: a text from stdin."
        ),
    ],
    *,
    prompt: Prompt = None,
    own_prompt: OwnPrompt = None,
    combine: Combine = False,
    language: Language = None,
    translate: Translate = False,
    vocabulary: Vocabulary = None,
    speakers: Speakers = False,
    min_speakers: MinSpeakers = None,
    max_speakers: MaxSpeakers = None,
    channels: Channels = None,
    ttl: Ttl = None,
    text_prompt: TextPrompt = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent and what skipped, and send nothing.")
    ] = False,
    wait: Wait = False,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Send a batch, and print its id; with --wait or -o stay and give the results.

    More files than one smelt takes become several.

    Exit codes: 0 done, 1 the smelt failed or was canceled, 2 wrongly called, 3 refused, 4 out of reach.
    """
    from deploy.client.destination import Destination
    from deploy.client.output import print_json, read_stdin, say
    from deploy.client.results import check_completed, follow, give_results, kept
    from deploy.client.selection import select
    from deploy.client.submission import planned, submit_all

    with connected(server, token) as client:
        destination = Destination.of(output, force=force)
        wanted = submit_options(
            prompt=prompt,
            own_prompt=own_prompt,
            combine=combine,
            language=language,
            translate=translate,
            vocabulary=vocabulary,
            ttl=ttl,
            text_prompt=text_prompt,
            channels=channels,
            speakers=speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
        )
        destination.check_format(prompts=True if wanted.prompts else None)
        selection = select(files, read_stdin)
        batches = planned(client, selection, combine=combine, say=say)
        destination.check_several(len(batches), len(selection.inputs))
        for skipped in selection.skipped:
            say(f"skipped: {skipped.path}: {skipped.reason}")
        if dry_run:
            _print_plan(batches)
            return
        check = partial(destination.check_format, prompts=True)
        sent: list[UUID] = []
        with kept(sent):
            for smelt in submit_all(client, batches, wanted, selection.found, say, check=check):
                sent.append(smelt.id)
                if smelt.access_token is not None:
                    say(f"only this token opens it: {smelt.access_token}")
                if not (wait or output):
                    print_json(smelt) if as_json else print(smelt.id, flush=True)
            if not (wait or output):
                return
            ended = follow(client, sent)
            if as_json:
                print_json(*ended)
            if output is not None or not as_json:
                give_results(client, ended, destination)
            check_completed(ended)


def get(
    smelt_id: SmeltId,
    *,
    wait: Wait = False,
    output: Output = None,
    force: Force = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """The results of a smelt, to stdout or with -o into a file or folder; of a failed one those that there are."""
    from deploy.client.destination import Destination
    from deploy.client.results import check_completed, follow, give_results, say_what_went_wrong

    with connected(server, token) as client:
        destination = Destination.of(output, force=force)
        if wait:
            smelts = follow(client, [smelt_id])
        else:
            smelts = [client.get(smelt_id)]
            say_what_went_wrong(smelts[0])
        give_results(client, smelts, destination, complete=False)
        if wait:
            check_completed(smelts)


def _print_plan(batches: "list[list[Input]]") -> None:
    from deploy.client.output import print_table
    from deploy.client.selection import names_of, size_of

    rows = [
        (number, name, size_of(item))
        for number, batch in enumerate(batches, 1)
        for item, name in zip(batch, names_of(batch), strict=True)
    ]
    print_table(("smelt", "file", "bytes"), rows)
