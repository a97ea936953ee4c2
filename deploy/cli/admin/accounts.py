"""Users' credits and tiers, seen and set."""

from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.api_keys import KeyNotValid
from db.accounts.profiles import UserGone
from db.admin.accounts import Account, get_account, grant_credits, list_tiers, set_credits, set_tier
from db.admin.actions import Act, record
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import UNDONE, print_lines, print_objects
from deploy.client.output import say
from pipeline.states import Tier


def credits_of(desk: Desk, user_id: UUID, grant: int | None, exactly: int | None, *, as_json: bool) -> int:
    """Shows them, after a change if one is asked for. Returns the exit code, as the others."""
    weekly = desk.settings.weekly_credits
    if grant is not None:
        return _change(
            desk,
            user_id,
            Act("credits", {"grant": grant}, f"user:{user_id}"),
            lambda conn: grant_credits(conn, user_id, grant, weekly),
            as_json=as_json,
        )
    if exactly is not None:
        return _change(
            desk,
            user_id,
            Act("credits", {"set": exactly}, f"user:{user_id}"),
            lambda conn: set_credits(conn, user_id, exactly, weekly),
            as_json=as_json,
        )
    return _change(desk, user_id, None, lambda _conn: None, as_json=as_json)


def tiers(desk: Desk, *, as_json: bool) -> None:
    """How many are on each."""
    with desk.database.service() as conn:
        found = list_tiers(conn, desk.settings.local_user)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_lines(
        ("tier", "users", "unfinished smelts"),
        ((one.tier, "" if one.users is None else one.users, one.unfinished) for one in found),
        numbers=("users", "unfinished smelts"),
    )


def tier_of(desk: Desk, user_id: UUID, tier: Tier | None, *, as_json: bool) -> int:
    if tier is None:
        return _change(desk, user_id, None, lambda _conn: None, as_json=as_json)
    return _change(
        desk,
        user_id,
        Act("tiers", {"set": tier.value}, f"user:{user_id}"),
        lambda conn: set_tier(conn, user_id, tier),
        as_json=as_json,
    )


def _change(
    desk: Desk, user_id: UUID, act: Act | None, change: Callable[[Connection], object], *, as_json: bool
) -> int:
    try:
        with desk.database.service() as conn:
            change(conn)
            if act is not None:
                record(conn, desk.operator, act, 1)
            account = get_account(conn, user_id, desk.settings.weekly_credits, desk.settings.local_user)
    except UserGone:
        say(f"there is no user {user_id}, or none who has signed in yet")
        return UNDONE
    except KeyNotValid:
        say(f"{user_id} has no key stored: a tier of its own needs one")
        return UNDONE
    _show(account, as_json=as_json)
    return 0


def _show(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_objects([asdict(account)])
        return
    print_lines(("", ""), ((name.replace("_", " "), value) for name, value in asdict(account).items()))
