"""The `smelt` command. Each subcommand imports what it needs: `smelt token` shouldn't wait for a speech model."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.client.app import app as client_commands
from deploy.client.app import token_commands
from deploy.client.options import say_unexpected
from deploy.problems import Problem, SettingsIncomplete
from deploy.supervisor.environment import ENVIRONMENT_NAMES
from deploy.supervisor.runner import EX_CONFIG
from pipeline.env import Env
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.settings import Settings

app = typer.Typer(
    name="smelt",
    help="Turns recordings and notes into structured Markdown.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    from importlib.metadata import version

    if wanted:
        print(f"smelt {version('smelt')}")
        raise typer.Exit


@app.callback()
def smelt(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turns recordings and notes into structured Markdown."""
    sys.excepthook = say_unexpected  # here, as typer sets its own before


@app.command()
def up() -> None:
    """Run the whole service here, with embedded engines for what isn't set. Ctrl-C stops it."""
    from deploy.supervisor.up import up as run_service

    _run(run_service)


@app.command()
def demo() -> None:
    """Show the service at work on a recording and a text, in a temporary folder, and clean up."""
    from deploy.demo.demonstration import demo as run_demo

    sys.exit(run_demo())


@app.command()
def migrate(
    *,
    down: Annotated[bool, typer.Option("--down", help="Drop the schema, with its data.")] = False,
    database: Annotated[
        str, typer.Option(help="With --down: the database's name, which is asked for otherwise.")
    ] = "",
) -> None:
    """Bring the database's schema up to date."""
    from db import migrate as migrations
    from deploy.embedded.database import confirm_drop, owner_url, reaching_postgres

    def run(settings: Settings) -> None:
        url = owner_url(settings)
        with reaching_postgres():
            if down:
                confirm_drop(url, database)
                migrations.downgrade(url)
            else:
                migrations.upgrade(url)

    _run(run)


tokens = typer.Typer(help="Sign-in tokens for local users; with a subcommand machine tokens.")
app.add_typer(tokens, name="token")
tokens.add_typer(token_commands)


@tokens.callback(invoke_without_command=True)
def token(
    context: typer.Context,
    email: Annotated[str, typer.Option(help="Whose; made if there is no such user.")] = "",
) -> None:
    """Print a sign-in token for a local user, valid for 12 hours; not in production.

    With a subcommand: your machine tokens at a running service.
    """
    if context.invoked_subcommand is not None:
        return
    from deploy.embedded.database import owner_url, reaching_postgres
    from deploy.local_users import LOCAL_EMAIL, ensure_local_user, mint
    from deploy.secrets import known_jwt_secret

    def run(settings: Settings) -> None:
        if settings.env is Env.PRODUCTION:
            raise SettingsIncomplete(
                "production signs its users in by its own sign-in service; there are no local users"
            )
        database = owner_url(settings)
        secret = known_jwt_secret(settings)
        address = email or LOCAL_EMAIL
        with reaching_postgres():
            user = ensure_local_user(database, address)
        print(mint(secret, settings.jwt_audience, user, address, settings.jwt_issuer))

    _run(run)


@app.command()
def api() -> None:
    """Run the HTTP service alone."""
    from api.main import main

    _run_alone("api", lambda _settings: main())


@app.command()
def worker(
    queue: Annotated[str, typer.Argument(help="transcribe, synthesize, deliver or maintenance")],
) -> None:
    """Run the workers of one queue alone."""
    from deploy.supervisor.pool import run_pool
    from workers.notifications.queue_notifications import Queue
    from workers.pools.slots import POOLS

    names = [known.value for known in POOLS]
    if queue not in names:
        raise typer.BadParameter(f"the queues are {', '.join(names)}")
    _run_alone("worker", lambda settings: run_pool(settings, Queue(queue)))


@app.command()
def reconciler() -> None:
    """Run the loop that rescues lost work and starts what is due. Any number of copies."""
    from workers.reconciler.loop import main

    _run_alone("reconciler", lambda _settings: main())


app.add_typer(client_commands)  # submit, list, show, …; `deploy/client/app.py` lists them

keys = typer.Typer(help="The key ring that wraps content keys and users' secrets.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command()
def rotate() -> None:
    """Wrap every stored secret anew with the first key of SMELT_KEYRING. Safe to stop and to repeat.

    First give every process a ring with the new key as its second, then one with it as its first; then run this;
    then the old key may leave the ring. Exits with 1 if something was wrapped by a key that isn't on the ring.
    """
    from deploy.cli.rotation import rotate as rotate_keys

    def run(settings: Settings) -> None:
        if not rotate_keys(settings):
            sys.exit(1)

    _run(run)


@app.command()
def settings() -> None:
    """Print every setting: its value, default, source and meaning. Secrets are masked. In a pipe: with tabs."""
    from dataclasses import astuple, fields

    from deploy.cli.settings_table import Row, rows
    from deploy.client.output import print_table

    def run(settings: Settings) -> None:
        print_table([field.name for field in fields(Row)], map(astuple, rows(settings)))

    _run(run)


def _run_alone(name: str, command: Callable[[Settings], object]) -> None:
    from deploy.secrets import check_alone

    sys.excepthook = sys.__excepthook__  # whoever reads a service's log wants to know where

    def run(settings: Settings) -> None:
        check_alone(settings, name)
        command(settings)

    _run_service(run)


def _run(command: Callable[[Settings], object]) -> None:
    """As below; what goes wrong otherwise is one line as well: who reads it is at the keyboard."""
    try:
        _run_service(command)
    except OSError as problem:
        print(f"smelt: {problem.filename or ''}: {problem.strerror or problem}", file=sys.stderr)
        sys.exit(EX_CONFIG)


def _run_service(command: Callable[[Settings], object]) -> None:
    """Runs it with the environment's settings. What the user can mend ends it with one line and EX_CONFIG."""
    try:
        command(Settings.from_env())
    except ValidationError as problem:
        for error in problem.errors():
            name = str(error["loc"][0])
            print(f"smelt: {ENVIRONMENT_NAMES.get(name, name)} is wrong: {error['msg']}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    except Problem as problem:
        print(f"smelt: {problem}", file=sys.stderr)
        sys.exit(EX_CONFIG)


def main() -> None:
    forbid_core_dumps()  # those that stay say so themselves where it can't be done
    app()
