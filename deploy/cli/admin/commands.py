"""The commands of operators as they are typed. What each does is in the file of its noun, imported when it runs."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from deploy.cli.admin.options import (
    After,
    As,
    AsJson,
    Before,
    Code,
    QueueName,
    Queues,
    States,
    TenantName,
    Yes,
)
from pipeline.states import Tier

Ids = Annotated[list[UUID] | None, typer.Argument(help="Smelts; none: those that the options choose.")]
Limit = Annotated[int, typer.Option(min=1, help="So many at the most.")]
UserId = Annotated[UUID, typer.Argument(help="The user's id.", show_default=False)]


class SettableTier(StrEnum):
    """The others follow from who it is."""

    CREDITS = "credits"
    OWN_KEY = "own_key"


def list_work(
    *,
    queue: Annotated[QueueName, typer.Option("--queue", help="Of which queue.")],
    state: States = None,
    tenant: TenantName = None,
    code: Code = None,
    after: After = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Pieces of work of a queue, newest first."""
    from deploy.cli.admin.choosing import chosen
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.work import show_work

    wanted = chosen(queue=queue, state=state, tenant=tenant, code=code, after=after, before=before)
    operate(lambda desk: show_work(desk, wanted, limit, as_json=as_json))


def inspect(
    given: Annotated[UUID, typer.Argument(metavar="ID", help="Of a smelt, a file, an output or a webhook.")],
    *,
    as_json: AsJson = False,
) -> None:
    """All that is known of a smelt, but for names and content. Exits with 1 if there is none."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.work import inspect as run_inspect

    operate(lambda desk: run_inspect(desk, given, as_json=as_json))


def retry(
    ids: Ids = None,
    *,
    queue: Queues = None,
    state: States = None,
    tenant: TenantName = None,
    code: Code = None,
    after: After = None,
    before: Before = None,
    yes: Yes = False,
    as_json: AsJson = False,
    operator: As = None,
) -> None:
    """Run again what failed, as its owner could: smelts by their ids, or those with such parts; webhooks.

    It counts as the owner's own retry does. Exits with 1 if some were refused or none match, 2 if it isn't confirmed.
    """
    from deploy.cli.admin.bulk import retry as run_retry
    from deploy.cli.admin.choosing import named_or_chosen
    from deploy.cli.admin.desk import operate

    possible = (QueueName.TRANSCRIBE, QueueName.SYNTHESIZE, QueueName.DELIVER)
    wanted = named_or_chosen(
        ids, queue, possible, state=state, tenant=tenant, code=code, after=after, before=before
    )
    operate(lambda desk: run_retry(desk, ids or (), wanted, yes=yes, as_json=as_json), operator)


def cancel(
    ids: Ids = None,
    *,
    queue: Queues = None,
    state: States = None,
    tenant: TenantName = None,
    code: Code = None,
    after: After = None,
    before: Before = None,
    yes: Yes = False,
    as_json: AsJson = False,
    operator: As = None,
) -> None:
    """Cancel smelts, as their owners could: by their ids, or those with such parts; by default unfinished ones.

    Exits with 1 if some were refused or none match, 2 if it isn't confirmed.
    """
    from deploy.cli.admin.bulk import cancel as run_cancel
    from deploy.cli.admin.choosing import named_or_chosen
    from deploy.cli.admin.desk import operate

    possible = (QueueName.TRANSCRIBE, QueueName.SYNTHESIZE)
    wanted = named_or_chosen(
        ids, queue, possible, state=state, tenant=tenant, code=code, after=after, before=before
    )
    operate(lambda desk: run_cancel(desk, ids or (), wanted, yes=yes, as_json=as_json), operator)


def leases(*, as_json: AsJson = False) -> None:
    """What is being worked on, for how long its lease holds, and by which worker."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.work import show_leases

    operate(lambda desk: show_leases(desk, as_json=as_json))


def workers(*, as_json: AsJson = False) -> None:
    """Which worker processes are alive, since when, and what they run."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.work import show_workers

    operate(lambda desk: show_workers(desk, as_json=as_json))


def actions(*, limit: Limit = 20, as_json: AsJson = False) -> None:
    """What operators did, newest first."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.work import show_actions

    operate(lambda desk: show_actions(desk, limit, as_json=as_json))


def credits_of(
    user_id: UserId,
    *,
    grant: Annotated[int | None, typer.Option(help="So many more until Monday; fewer if negative.")] = None,
    exactly: Annotated[int | None, typer.Option("--set", min=0, help="So many until Monday.")] = None,
    as_json: AsJson = False,
    operator: As = None,
) -> None:
    """A user's credits, and what of them is reserved; after a change, if one is asked for."""
    from deploy.cli.admin.accounts import credits_of as run_credits
    from deploy.cli.admin.desk import operate

    if grant is not None and exactly is not None:
        raise typer.BadParameter("--grant and --set each go alone")
    operate(lambda desk: run_credits(desk, user_id, grant, exactly, as_json=as_json), operator)


def tiers(
    user_id: Annotated[UUID | None, typer.Argument(help="A user's id; none: how many are on each.")] = None,
    *,
    tier: Annotated[
        SettableTier | None,
        typer.Option("--set", help="`credits`: the user's own key is used no more; `own_key`: it is again."),
    ] = None,
    as_json: AsJson = False,
    operator: As = None,
) -> None:
    """How many are on each tier; or one user's, after a change if one is asked for."""
    from deploy.cli.admin import accounts
    from deploy.cli.admin.desk import operate

    if user_id is None:
        if tier is not None:
            raise typer.BadParameter("--set needs a user's id")
        operate(lambda desk: accounts.tiers(desk, as_json=as_json))
        return
    wanted = None if tier is None else Tier(tier.value)
    operate(lambda desk: accounts.tier_of(desk, user_id, wanted, as_json=as_json), operator)


def queues(*, as_json: AsJson = False) -> None:
    """What is ready, running and waiting in each queue, and what is paused."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.queues import show_queues

    operate(lambda desk: show_queues(desk, as_json=as_json))


def top(
    *,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Queues and workers, live, until Ctrl-C; in a pipe once."""
    from deploy.cli.admin.desk import operate
    from deploy.cli.admin.queues import top as run_top

    operate(lambda desk: run_top(desk, every))


def pause(*, queue: Queues = None, tenant: TenantName = None, operator: As = None) -> None:
    """Let nothing more of a queue, or of a tenant, be begun; what runs goes on. Exits with 1 if it was paused."""
    from deploy.cli.admin import pausing
    from deploy.cli.admin.desk import operate

    target = pausing.Target(*_one_of(queue, tenant))
    operate(lambda desk: pausing.pause(desk, target), operator)


def resume(*, queue: Queues = None, tenant: TenantName = None, operator: As = None) -> None:
    """Let a queue, or a tenant, go on. Exits with 1 if it wasn't paused."""
    from deploy.cli.admin import pausing
    from deploy.cli.admin.desk import operate

    target = pausing.Target(*_one_of(queue, tenant))
    operate(lambda desk: pausing.resume(desk, target), operator)


def drain(
    *,
    queue: Queues = None,
    tenant: TenantName = None,
    within: Annotated[float, typer.Option(min=0, help="Seconds to wait; exits with 1 after them.")] = 3_600.0,
    operator: As = None,
) -> None:
    """Pause a queue, or a tenant, and wait until nothing of it runs. It stays paused."""
    from deploy.cli.admin import pausing
    from deploy.cli.admin.desk import operate

    target = pausing.Target(*_one_of(queue, tenant))
    operate(lambda desk: pausing.drain(desk, target, within), operator)


def _one_of(queue: QueueName | None, tenant: str | None) -> tuple[str | None, str | None]:
    if (queue is None) == (tenant is None):
        raise typer.BadParameter("give a --queue or a --tenant")
    return (queue and queue.value, tenant)
