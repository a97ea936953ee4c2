"""What options choose, as a filter. Raises typer.BadParameter for what chooses nothing."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

import typer

from db.admin.work_list import WorkFilter
from deploy.cli.admin.options import QueueName
from deploy.client.moments import moment
from pipeline.shown_state import ShownState
from pipeline.states import ErrorCode
from smelt_client import Misused


def chosen(
    *,
    queue: QueueName,
    state: Sequence[ShownState] | None,
    tenant: str | None,
    code: ErrorCode | None,
    after: str | None,
    before: str | None,
) -> WorkFilter:
    return WorkFilter(
        queue=queue.value,
        states=tuple(state or ()),
        tenant=tenant,
        code=code,
        after=_moment(after),
        before=_moment(before),
    )


def named_or_chosen(
    ids: Sequence[UUID] | None,
    queue: QueueName | None,
    possible: Collection[QueueName],
    *,
    state: Sequence[ShownState] | None,
    tenant: str | None,
    code: ErrorCode | None,
    after: str | None,
    before: str | None,
) -> WorkFilter | None:
    """None where smelts are named. `possible`: the queues of which this can be done."""
    if ids and any((queue, state, tenant, code, after, before)):
        raise typer.BadParameter("give ids, or options that choose")
    if ids:
        return None
    if queue is None:
        raise typer.BadParameter("give ids, or a --queue")
    if queue not in possible:
        raise typer.BadParameter(f"that can be done to {' and '.join(possible)}")
    return chosen(queue=queue, state=state, tenant=tenant, code=code, after=after, before=before)


def _moment(given: str | None) -> datetime | None:
    try:
        return None if given is None else moment(given, datetime.now(UTC).astimezone())
    except Misused as problem:
        raise typer.BadParameter(str(problem)) from None
