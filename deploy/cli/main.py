"""The `smelt` command. Each subcommand imports what it needs: `smelt token` shouldn't wait for a speech model."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.admin.app import app as admin_commands
from deploy.cli.keys import keys
from deploy.cli.running import run_alone, run_command
from deploy.cli.speaker_models import speaker_models
from deploy.client.app import app as client_commands
from deploy.client.app import token_commands
from deploy.client.options import say_unexpected
from deploy.problems import SettingsIncomplete
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.settings import Env, Settings

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
    from deploy.supervisor.up import up as run_up

    run_command(run_up)


@app.command()
def demo(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Recordings and texts of yours; none: a meeting and notes.")
    ] = None,
) -> None:
    """Show the service at work on a recording and a text, in a temporary folder, and clean up."""
    from deploy.demo.demonstration import demo as run_demo

    sys.exit(run_demo(files or []))


@app.command()
def migrate(
    *,
    down: Annotated[bool, typer.Option("--down", help="Drop the schema, with its data.")] = False,
    database: Annotated[
        str, typer.Option(help="With --down: the database's name, which is asked for otherwise.")
    ] = "",
    status: Annotated[
        bool, typer.Option("--status", help="Print what isn't run yet; exit with 1 if there is any.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL that would be run.")] = False,
) -> None:
    """Bring the database's schema up to date."""
    from deploy.cli import migrations

    if down + status + dry_run > 1:
        raise typer.BadParameter("--down, --status and --dry-run each go alone")
    if status:
        run_command(migrations.show_status)
    elif dry_run:
        run_command(migrations.show_sql)
    elif down:
        run_command(lambda settings: migrations.bring_down(settings, database))
    else:
        run_command(migrations.bring_up)


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

    run_command(run)


@app.command()
def api() -> None:
    """Run the HTTP service alone."""
    from api.main import main

    run_alone("api", lambda _settings: main())


@app.command()
def worker(
    queue: Annotated[str, typer.Argument(help="transcribe, synthesize, deliver or maintenance")],
) -> None:
    """Run the workers of one queue alone."""
    from deploy.supervisor.pool import run_pool
    from workers.notifications.queues import Queue
    from workers.pools.slots import POOLS

    names = [known.value for known in POOLS]
    if queue not in names:
        raise typer.BadParameter(f"the queues are {', '.join(names)}")
    run_alone("worker", lambda settings: run_pool(settings, Queue(queue)))


@app.command()
def reconciler() -> None:
    """Run the loop that rescues lost work and starts what is due. Any number of copies."""
    from workers.reconciler.loop import main

    run_alone("reconciler", lambda _settings: main())


@app.command()
def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, help="Recordings, each with a .txt, .srt, .vtt or .stm of its name."
        ),
    ],
    *,
    model: Annotated[str | None, typer.Option(help="Instead of SMELT_WHISPER_MODEL.")] = None,
    compute_type: Annotated[str | None, typer.Option(help="Instead of SMELT_WHISPER_COMPUTE_TYPE.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Instead of SMELT_WHISPER_BATCH_SIZE.")] = None,
    language: Annotated[
        str | None, typer.Option(help="What is spoken, such as `de`; else it is found out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and no bar.")] = False,
) -> None:
    """Measure a speech model on recordings whose words are known: errors, seconds unheard, speed, memory.

    Exits with 1 if a recording could not be heard.
    """
    from deploy.evaluate.extra import check_installed

    chosen = {"whisper_model": model, "whisper_compute_type": compute_type, "whisper_batch_size": batch}

    def run(settings: Settings) -> None:
        check_installed()
        from deploy.evaluate.command import evaluate as run_evaluation

        changed = settings.model_copy(
            update={name: value for name, value in chosen.items() if value is not None}
        )
        if not run_evaluation(changed, folder, language, as_json=as_json):
            sys.exit(1)

    run_command(run)


app.command("speaker-models")(speaker_models)
app.add_typer(client_commands)  # submit, list, show, …; `deploy/client/app.py` lists them

app.add_typer(keys, name="keys")
app.add_typer(admin_commands, name="admin")


@app.command()
def doctor(
    *,
    webhook: Annotated[str | None, typer.Option(help="A receiver's URL, which gets an empty POST.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check a whole configuration against its parts: each line ok, or what to do. Exits with 1 if anything is wrong.

    It stores and deletes a small object, loads the speech model and asks the language model for one short answer.
    """
    from deploy.doctor.doctor import doctor as examine

    def run(settings: Settings) -> None:
        if not examine(settings, webhook, as_json=as_json):
            sys.exit(1)

    run_command(run)


@app.command()
def settings() -> None:
    """Print every setting: its value, default, source and meaning. Secrets are masked. In a pipe: with tabs."""
    from dataclasses import astuple, fields

    from deploy.cli.settings_table import Row, rows
    from deploy.client.output import print_table

    def run(settings: Settings) -> None:
        print_table([field.name for field in fields(Row)], map(astuple, rows(settings)))

    run_command(run)


def main() -> None:
    forbid_core_dumps()  # those that stay say so themselves where it can't be done
    app()
