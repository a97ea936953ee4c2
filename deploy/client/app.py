"""`smelt submit`, `list`, `get`, …: the client's commands, in the order in which `smelt --help` shows them.

Exit codes: `deploy/client/failures.py`.
"""

import typer

from deploy.client.commands.account import key_group, token_group, usage
from deploy.client.commands.prompts import prompt_group, prompts, section_group
from deploy.client.commands.smelts import cancel, delete, events, list_smelts, retry, show
from deploy.client.commands.speakers import speakers
from deploy.client.commands.submit import get, submit
from deploy.client.commands.watch import watch

SMELTS, ACCOUNT = "Smelts, at a running service", "Your account there"

app = typer.Typer()
app.command(rich_help_panel=SMELTS)(submit)
app.command(rich_help_panel=SMELTS)(watch)
app.command("list", rich_help_panel=SMELTS)(list_smelts)
app.command(rich_help_panel=SMELTS)(show)
app.command(rich_help_panel=SMELTS)(get)
app.command(rich_help_panel=SMELTS)(speakers)
app.command(rich_help_panel=SMELTS)(events)
app.command(rich_help_panel=SMELTS)(cancel)
app.command(rich_help_panel=SMELTS)(retry)
app.command(rich_help_panel=SMELTS)(delete)
app.command(rich_help_panel=ACCOUNT)(prompts)
app.command(rich_help_panel=ACCOUNT)(usage)
prompt_group.add_typer(section_group, name="section")
app.add_typer(prompt_group, name="prompt", rich_help_panel=ACCOUNT)
app.add_typer(key_group, name="key", rich_help_panel=ACCOUNT)
token_commands = token_group  # joined by `smelt token`, which `deploy/cli/main.py` has
