"""Retrying and canceling many smelts: each by the function that the API calls, in a transaction of its own with the
count of the act, so that stopping in between leaves nothing half done.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.api_keys import KeyNotValid
from db.admin.actions import Act, count, record
from db.admin.work_list import UNFINISHED, WorkFilter, find_deliveries, find_smelts
from db.smelts import control
from db.smelts.reservation import Allowances, Refused
from db.work.webhooks import DELIVERIES, NoSuchDelivery, UnderWay, replay
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import NOT_CONFIRMED, UNDONE, confirmed, print_objects
from deploy.client.output import say
from pipeline.settings import Settings
from pipeline.shown_state import ShownState

Step = Callable[[Connection], object]
_WHY_NOT: dict[type[Exception], str] = {
    control.NotFound: "not_found",
    control.NotEnded: "not_ended",
    control.AlreadyEnded: "already_ended",
    control.NothingToRetry: "nothing_to_retry",
    control.ContentGone: "content_expired",
    KeyNotValid: "api_key_invalid",
    NoSuchDelivery: "not_found",
    UnderWay: "under_way",
}


def retry(desk: Desk, ids: Sequence[UUID], wanted: WorkFilter | None, *, yes: bool, as_json: bool) -> int:
    """Of these smelts, or of those that are chosen. Returns the exit code."""
    if wanted is not None and wanted.queue == DELIVERIES.queue:
        return _replay(desk, wanted, yes=yes, as_json=as_json)
    allowances, most = _allowances(desk.settings), desk.settings.content_max_age

    def step(smelt_id: UUID) -> Step:
        return lambda conn: control.retry(conn, smelt_id, allowances, most)

    if wanted is not None and not wanted.states:
        wanted = replace(wanted, states=(ShownState.FAILED,))
    code = _each(desk, "retry", ids, wanted, step, yes=yes, as_json=as_json)
    for queue in ("transcribe", "synthesize"):
        desk.notify(queue)
    return code


def cancel(desk: Desk, ids: Sequence[UUID], wanted: WorkFilter | None, *, yes: bool, as_json: bool) -> int:
    """As `retry`."""

    def step(smelt_id: UUID) -> Step:
        return lambda conn: control.cancel(conn, smelt_id)

    if wanted is not None and not wanted.states:
        wanted = replace(wanted, states=UNFINISHED)
    return _each(desk, "cancel", ids, wanted, step, yes=yes, as_json=as_json)


def _each(
    desk: Desk,
    command: str,
    ids: Sequence[UUID],
    wanted: WorkFilter | None,
    step: Callable[[UUID], Step],
    *,
    yes: bool,
    as_json: bool,
) -> int:
    chosen = list(ids)
    if wanted is not None:
        with desk.database.service() as conn:
            chosen = find_smelts(conn, wanted)
    filtered = {"ids": list(map(str, ids))} if wanted is None else wanted.as_record()
    act = Act(command, filtered, None if wanted is None else wanted.tenant)
    asked = yes or wanted is None  # who names each has said which
    return _carry_out(
        desk, act, "smelts", [step(smelt_id) for smelt_id in chosen], yes=asked, as_json=as_json
    )


def _replay(desk: Desk, wanted: WorkFilter, *, yes: bool, as_json: bool) -> int:
    if not wanted.states:
        wanted = replace(wanted, states=(ShownState.FAILED,))
    with desk.database.service() as conn:
        chosen = find_deliveries(conn, wanted)

    def step(user_id: UUID, delivery_id: UUID) -> Step:
        return lambda conn: replay(conn, user_id, delivery_id)

    act = Act("retry", wanted.as_record(), wanted.tenant)
    return _carry_out(desk, act, "webhooks", [step(*one) for one in chosen], yes=yes, as_json=as_json)


def _carry_out(desk: Desk, act: Act, what: str, steps: Sequence[Step], *, yes: bool, as_json: bool) -> int:
    """Each in a transaction that counts it. What is refused is told by its code, and the others go on."""
    if not steps:
        say(f"no {what} match")
        return UNDONE
    if not confirmed(f"{act.command} {len(steps)} {what}?", yes=yes):
        return NOT_CONFIRMED
    with desk.database.service() as conn:
        action_id = record(conn, desk.operator, act)
    done, refused = 0, Counter[str]()
    for step in steps:
        try:
            with desk.database.service() as conn:
                count(conn, action_id)  # before: the last lock of a retry is everybody's
                step(conn)
            done += 1
        except Refused as refusal:
            refused[str(refusal.code)] += 1
        except tuple(_WHY_NOT) as refusal:
            refused[_WHY_NOT[type(refusal)]] += 1
    if as_json:
        print_objects([{"command": act.command, "done": done, "refused": dict(refused)}])
    say(f"{done} of {len(steps)} {what}: {act.command} done")
    for code, number in refused.most_common():
        say(f"{number} refused: {code}")
    return UNDONE if refused else 0


def _allowances(settings: Settings) -> Allowances:
    """As `allowances` of `api/smelts/allowance.py`: an operator's retry counts as the owner's own."""
    return Allowances(
        settings.anonymous_daily,
        settings.platform_daily_cap,
        settings.uncharged_daily,
        settings.weekly_credits,
        settings.key_check_seconds,
        settings.local_user,
    )
