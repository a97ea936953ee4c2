"""The options that the commands of operators share."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from pipeline.shown_state import ShownState
from pipeline.states import ErrorCode


class QueueName(StrEnum):
    """As the pools are named; a test compares them with the tables of work."""

    TRANSCRIBE = "transcribe"
    SYNTHESIZE = "synthesize"
    DELIVER = "deliver"
    MAINTENANCE = "maintenance"


def parse_tenant(given: str) -> str:
    """`user:ID` or `ip:HASH`; a user's id alone will do. Raises BadParameter."""
    kind, found, rest = given.partition(":")
    if not found:
        kind, rest = "user", given
    try:
        if kind == "user":
            return f"user:{UUID(rest)}"
    except ValueError:
        pass
    if kind == "ip" and rest:
        return given
    raise typer.BadParameter("a tenant is a user's id, user:ID or ip:HASH")


TenantName = Annotated[
    str | None,
    typer.Option(
        "--tenant", parser=parse_tenant, metavar="TENANT", help="A user's id, or `ip:HASH` of a visitor."
    ),
]
Queues = Annotated[QueueName | None, typer.Option("--queue", help="Of which queue.")]
States = Annotated[list[ShownState] | None, typer.Option("--state", help="In this state; repeatable.")]
Code = Annotated[ErrorCode | None, typer.Option(help="Failed with it.", metavar="CODE", show_choices=False)]
After = Annotated[
    str | None, typer.Option(help="Made after that: `3h`, `yesterday`, `2 days ago`, `2026-11-02`.")
]
Before = Annotated[str | None, typer.Option(help="Made before that.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, an object a line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who acts, for the record; unset: this system's user."),
]
