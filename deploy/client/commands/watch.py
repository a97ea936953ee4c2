"""`smelt watch`: a folder whose recordings and texts become Markdown by themselves."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.client.options import (
    Language,
    OwnPrompt,
    Prompt,
    Server,
    TextPrompt,
    Token,
    Translate,
    Ttl,
    Vocabulary,
    connected,
    submit_options,
)


def watch(
    folder: Annotated[
        Path, typer.Argument(help="The folder, with all below it.", exists=True, file_okay=False)
    ],
    *,
    prompt: Prompt = None,
    own_prompt: OwnPrompt = None,
    language: Language = None,
    translate: Translate = False,
    vocabulary: Vocabulary = None,
    ttl: Ttl = None,
    text_prompt: TextPrompt = None,
    once: Annotated[bool, typer.Option("--once", help="End when all that is there is done.")] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Send what appears in a folder, each file once, and write its results beside it, as NAME.md. Ctrl-C ends it.

    A file is sent when it hasn't changed for three seconds; one that is changed after that is another one.

    `.smelt-watch.json` in the folder says what was sent: a restart goes on from there.
    """
    from deploy.client.config import find_config
    from deploy.client.output import say
    from deploy.client.shown import in_one_line
    from deploy.client.watch_state import alone
    from deploy.client.watching import Watcher
    from smelt_client import Misused

    def tell(event: str, name: str, outcome: str) -> None:
        print(event, *map(in_one_line, (name, outcome)), sep="\t", flush=True)

    with connected(server, token) as client:

        def renew() -> bool:
            """A day is longer than a sign-in token: `smelt up` notes new ones. Another server's goes there alone."""
            return client.use_token(find_config(client.server, token).token)

        if not client.signed_in:
            raise Misused("a folder is watched for a user: give a token with --token or SMELT_TOKEN")
        wanted = submit_options(
            prompt=prompt,
            own_prompt=own_prompt,
            combine=False,
            language=language,
            translate=translate,
            vocabulary=vocabulary,
            ttl=ttl,
            text_prompt=text_prompt,
        )
        with alone(folder):
            watcher = Watcher(client, folder, wanted, say=say, tell=tell, renew=renew)
            try:
                watcher.watch(once=once)
            except KeyboardInterrupt:
                say("stopped; what was sent goes on, and its results are fetched at the next start")
