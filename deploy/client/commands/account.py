"""`smelt usage`, `smelt token …`, `smelt key …`: your account at the service."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.client.options import AsJson, Server, Token, Yes, connected

if TYPE_CHECKING:
    from api.schemas.account import ApiKeyReply

token_group = typer.Typer()
key_group = typer.Typer(
    help="Your own API key for the language model: no credits, wider limits.", no_args_is_help=True
)


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
        rows += [("full again at", f"{use.resets_at:%F %R}Z")] if use.resets_at else []
        limits = [(name.replace("_", " "), value) for name, value in use.limits.model_dump().items()]
        print_table(("what", "value"), rows + limits)


@token_group.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="What it is for.", show_default=False)],
    *,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: `90 days`, `tomorrow`, `2027-01-31`; never unless told.")
    ] = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Make a machine token, for clients that nobody signs in. It is shown this once."""
    from deploy.client.moments import moment_ahead
    from deploy.client.output import print_json

    with connected(server, token) as client:
        ends = None if expires is None else moment_ahead(expires, datetime.now(UTC).astimezone())
        made = client.account.add_token(name, ends)
        print_json(made) if as_json else print(made.token)


@token_group.command("list")
def list_tokens(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Your machine tokens, newest first, by their last letters."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        tokens = client.account.tokens()
        if as_json:
            print_json(*tokens)
            return
        rows = [
            (
                each.id,
                each.name,
                f"…{each.last_four}",
                each.expires_at or "never",
                each.last_used_at or "never",
            )
            for each in tokens
        ]
        print_table(("id", "name", "token", "expires", "last used"), rows)


@token_group.command("revoke")
def revoke_token(
    token_id: Annotated[UUID, typer.Argument(help="The token's id.", show_default=False)],
    *,
    yes: Yes = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """From now on the token opens nothing."""
    from deploy.client.output import confirm

    with connected(server, token) as client:
        confirm(f"Revoke the token {token_id}?", yes=yes)
        client.account.revoke_token(token_id)


@key_group.command("set")
def set_key(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Store an API key of yours, once its provider has said that it is good. It is asked for, or read from stdin."""
    from deploy.client.output import read_secret

    with connected(server, token) as client:
        _print(client.account.set_key(read_secret("Your API key: ")), as_json=as_json)


@key_group.command("show")
def show_key(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Whether there is one, and its last letters; the key itself never comes back."""
    with connected(server, token) as client:
        _print(client.account.key(), as_json=as_json)


@key_group.command("delete")
def delete_key(*, yes: Yes = False, server: Server = None, token: Token = None) -> None:
    """Forget it. What is at work on it fails."""
    from deploy.client.output import confirm

    with connected(server, token) as client:
        confirm("Delete your API key?", yes=yes)
        client.account.delete_key()


def _print(key: "ApiKeyReply", *, as_json: bool) -> None:
    from deploy.client.output import print_json, print_table

    if as_json:
        print_json(key)
        return
    ending = "-" if key.last_four is None else f"…{key.last_four}"
    print_table(("status", "key", "checked"), [(key.status, ending, key.validated_at or "never")])
