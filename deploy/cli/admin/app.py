"""The list of all commands of operators."""

from collections.abc import Callable

import typer

from deploy.cli.admin import commands

COMMANDS: dict[str, Callable[..., None]] = {
    "queues": commands.queues,
    "top": commands.top,
    "list": commands.list_work,
    "inspect": commands.inspect,
    "leases": commands.leases,
    "workers": commands.workers,
    "pause": commands.pause,
    "resume": commands.resume,
    "drain": commands.drain,
    "retry": commands.retry,
    "cancel": commands.cancel,
    "credits": commands.credits_of,
    "tiers": commands.tiers,
    "actions": commands.actions,
}
app = typer.Typer(
    help="See and change what runs, as its operator. Metadata only; each act is recorded.",
    no_args_is_help=True,
)
for name, command in COMMANDS.items():
    app.command(name)(command)
