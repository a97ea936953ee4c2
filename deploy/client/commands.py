"""`smelt submit`, `list`, `show`, …: the client's commands. Each imports what it needs, as in `deploy/cli/main.py`.

Exit codes: `deploy/client/failures.py`.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.client.options import AsJson, Output, Server, SmeltId, Token, Wait, connected
from pipeline.states import DefaultPromptName, SmeltMode, SmeltStatus

STDIN = "-"

app = typer.Typer()
_panel = "Client of a running service"


@app.command(rich_help_panel=_panel)
def submit(
    files: Annotated[list[str], typer.Argument(help="Recordings and texts; `-`: a text from stdin.")],
    *,
    prompt: Annotated[
        list[DefaultPromptName] | None, typer.Option(help="A default prompt; repeatable.")
    ] = None,
    own_prompt: Annotated[UUID | None, typer.Option(help="The id of a prompt of yours.")] = None,
    combine: Annotated[bool, typer.Option("--combine", help="Apply prompts once to all together.")] = False,
    language: Annotated[str | None, typer.Option(help="What is spoken, such as `en`.")] = None,
    vocabulary: Annotated[str | None, typer.Option(help="Names and terms that are spoken.")] = None,
    ttl: Annotated[int | None, typer.Option(help="Seconds that the content outlives the end.")] = None,
    wait: Wait = False,
    output: Output = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Send a batch, and print its id; with --wait or -o stay and give the results.

    Exit codes: 0 done, 1 the smelt failed or was canceled, 2 wrongly called, 3 refused, 4 out of reach.
    """
    from deploy.client.output import check_completed, follow, give_results, print_json, read_stdin, say

    with connected(server, token) as client:
        smelt = client.submit(
            [read_stdin() if name == STDIN else Path(name) for name in files],
            mode=SmeltMode.COMBINE.value if combine else SmeltMode.SEPARATE.value,
            default_prompt_names=[name.value for name in prompt or []],
            user_prompt_id=own_prompt and str(own_prompt),
            language=language,
            vocabulary=vocabulary,
            content_ttl=None if ttl is None else str(ttl),
        )
        if smelt.access_token is not None:
            say(f"smelt: only this token opens it: {smelt.access_token}")
        if not (wait or output):
            print_json(smelt) if as_json else print(smelt.id)
            return
        ended = follow(client, smelt.id)
        if as_json:
            print_json(ended)
        check_completed(ended)
        if output is not None or not as_json:
            give_results(client, ended, output)


@app.command("list", rich_help_panel=_panel)
def list_smelts(
    *,
    status: Annotated[SmeltStatus | None, typer.Option(help="Only those with it.")] = None,
    mode: Annotated[SmeltMode | None, typer.Option(help="Only those of it.")] = None,
    after: Annotated[datetime | None, typer.Option(help="Created after that (local) time.")] = None,
    before: Annotated[datetime | None, typer.Option(help="Created before that (local) time.")] = None,
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
        print_table(
            ("id", "status", "mode", "progress", "created"),
            [
                (smelt.id, smelt.status, smelt.mode, f"{smelt.progress:.0%}", f"{smelt.created_at:%F %T}Z")
                for smelt in smelts
            ],
        )


@app.command(rich_help_panel=_panel)
def show(
    smelt_id: SmeltId,
    *,
    wait: Wait = False,
    output: Output = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """A smelt and its parts; with --wait or -o its results."""
    from deploy.client.output import check_completed, follow, give_results, print_json, print_smelt

    with connected(server, token) as client:
        smelt = follow(client, smelt_id) if wait else client.get(smelt_id)
        if as_json:
            print_json(smelt)
        elif output is None and not wait:
            print_smelt(smelt)
        if wait:
            check_completed(smelt)
        if output is not None or (wait and not as_json):
            give_results(client, smelt, output)


@app.command(rich_help_panel=_panel)
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
                data = event.data
                name = data.get("filename") or data.get("default_prompt_name") or data.get("id", "")
                done = f"{data['progress']:.0%}" if "progress" in data else ""
                print(event.version, event.name, name, data["status"], done, sep="\t", flush=True)


@app.command(rich_help_panel=_panel)
def cancel(smelt_id: SmeltId, *, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Stop what runs. What has completed keeps its results."""
    from deploy.client.output import print_json, print_smelt

    with connected(server, token) as client:
        smelt = client.cancel(smelt_id)
        print_json(smelt) if as_json else print_smelt(smelt)


@app.command(rich_help_panel=_panel)
def retry(
    smelt_id: SmeltId,
    *,
    wait: Wait = False,
    output: Output = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Run again what failed or was canceled."""
    from deploy.client.output import check_completed, follow, give_results, print_json, print_smelt

    with connected(server, token) as client:
        smelt = client.retry(smelt_id)
        if wait or output:
            smelt = follow(client, smelt_id)
        if as_json:
            print_json(smelt)
        elif not (wait or output):
            print_smelt(smelt)
        if wait or output:
            check_completed(smelt)
        if output is not None or (wait and not as_json):
            give_results(client, smelt, output)


@app.command(rich_help_panel=_panel)
def delete(
    smelt_id: SmeltId,
    *,
    content: Annotated[bool, typer.Option("--content", help="Keep the metadata.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a smelt: content and metadata, now."""
    from deploy.client.output import Deleted, print_json, say

    with connected(server, token) as client:
        if content:
            receipt = client.delete_content(smelt_id)
            said = (
                f"smelt: {receipt.objects_deleted} objects deleted, key destroyed {receipt.key_destroyed_at}"
            )
            print_json(receipt) if as_json else say(said)
            return
        client.delete(smelt_id)
        if as_json:
            print_json(Deleted(id=smelt_id))


@app.command(rich_help_panel=_panel)
def prompts(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """The default prompts, and your own."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        default, own = client.default_prompts(), client.prompts() if client.signed_in else []
        if as_json:
            print_json(*default, *own)
            return
        rows: list[tuple[object, str]] = [(prompt.name, prompt.title) for prompt in default]
        print_table(("name or id", "title"), rows + [(prompt.id, prompt.title) for prompt in own])


@app.command(rich_help_panel=_panel)
def usage(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """What you may still send, and how large it may be."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        use = client.usage()
        if as_json:
            print_json(use)
            return
        remaining = "no limit" if use.remaining is None else use.remaining
        rows: list[tuple[str, object]] = [("tier", use.tier), ("smelts remaining", remaining)]
        rows += [("full again at", use.resets_at)] if use.resets_at else []
        limits = [(name.replace("_", " "), value) for name, value in use.limits.model_dump().items()]
        print_table(("what", "value"), rows + limits)


def _moment(local: datetime | None) -> str | None:
    return None if local is None else local.astimezone().isoformat()
