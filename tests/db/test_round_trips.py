"""The functions of the hot path: the rules of the domain, the same rows, closed to users, and in nobody's way."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.abc import PQGen
from sqlalchemy import Connection, text

from db.connection import BoundedConnection
from db.session import Database
from db.smelts.admission import admit, admit_known
from db.smelts.new_smelt import NewSmelt
from db.smelts.reads import get_smelt
from db.smelts.reservation import Allowances, Refused, check_allowance
from db.smelts.standing import find_standing
from db.work.holds import hold_tenant
from db.work.outputs import begin_output, claim_output
from pipeline.credits import Credits
from pipeline.fairness import finish_times
from pipeline.outcome import PartCounts, outcome
from pipeline.states import SmeltMode, Tier
from tests.pipeline.test_fairness import TAGS
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, WEEKLY, new_smelt, set_credits

OURS = """
    select oid::regprocedure::text, proname, prosecdef, coalesce(proconfig, '{}'), pronargs,
        array(select role from unnest(array['smelt_app', 'anon', 'authenticated', 'smelt_monitor']) role
            where has_function_privilege(role, pg_proc.oid, 'execute')),
        has_function_privilege('service_role', pg_proc.oid, 'execute')
    from pg_proc where pronamespace = 'smelt_meta'::regnamespace and prorettype <> 'trigger'::regtype
"""


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.service() as conn:
        yield conn


def test_a_smelt_ends_by_the_rule_of_the_domain(conn: Connection) -> None:
    ask = text("select status, code from smelt_meta.outcome(cast(:mode as smelt_mode), :a, :b, :c, :d)")
    for mode in SmeltMode:
        for failed, recordings, outputs, done in itertools.product((0, 1, 2), (0, 1), (0, 1, 3), (0, 1, 3)):
            counts = PartCounts(2, failed, recordings, outputs, done)
            values = {"mode": mode, "a": failed, "b": recordings, "c": outputs, "d": done}
            assert tuple(conn.execute(ask, values).one()) == outcome(mode, counts), (mode, counts)


@pytest.mark.parametrize(("last", "virtual_time", "costs"), [case[:3] for case in TAGS])
def test_finish_times_are_those_of_the_domain(
    conn: Connection, last: float, virtual_time: float, costs: list[float]
) -> None:
    ask = text("select keys, next_tag from smelt_meta.finish_times(:last, :now, cast(:costs as float8[]))")
    found = conn.execute(ask, {"last": last, "now": virtual_time, "costs": costs}).one()
    assert tuple(found) == finish_times(last, virtual_time, costs)


def test_credits_under_another_setting_are_those_of_the_domain(conn: Connection) -> None:
    ask = text("select * from smelt_meta.credits_under(:remaining, :most, :weekly)")
    for remaining, most, weekly in itertools.product((0, 2, 5, 9), (0, 5), (0, 3, 5, 8)):
        found = conn.execute(ask, {"remaining": remaining, "most": most, "weekly": weekly}).one()
        then = Credits(remaining, most).under(weekly)
        assert tuple(found) == (then.remaining, then.weekly_max)


def test_nobody_but_the_service_may_call_them(owner_url: str, database_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        found = owner.execute(OURS).fetchall()
    assert {"admit", "admit_known", "claim_output", "finish_output", "standing"} <= {row[1] for row in found}
    for name, _, definer, config, _, callers, by_service in found:
        assert callers == [], name
        assert by_service, name
        assert 'search_path=""' in config, name
        assert definer == name.startswith("smelt_meta.delete_user"), name
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as attacker:
        for (_, name, *_, arguments, _, _), role in itertools.product(
            found, ("none", "anon", "authenticated")
        ):
            nulls = sql.SQL(", ").join([sql.NULL] * arguments)
            call = sql.SQL("select smelt_meta.{}({})").format(sql.Identifier(name), nulls)
            with attacker.transaction(force_rollback=True):
                attacker.execute("select set_config('role', %s, true)", [role])
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    attacker.execute(call)


def taken_in(conn: Connection, new: NewSmelt) -> None:
    told = admit(conn, new, PLENTY)
    assert told.smelt == get_smelt(conn, new.id)


@pytest.mark.parametrize("held", [False, True])
def test_what_was_taken_in_is_told_as_it_is_read(database: Database, cast: Cast, *, held: bool) -> None:
    if held:
        with database.service() as conn:
            hold_tenant(conn, f"user:{cast.ada.id}")
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        taken_in(conn, new_smelt(cast.ada.id, audio=1, texts=2))
        taken_in(conn, new_smelt(cast.ada.id, audio=1, texts=1, mode=SmeltMode.COMBINE))
        taken_in(conn, new_smelt(cast.ada.id, texts=2, mode=SmeltMode.COMBINE, key="once"))
        taken_in(conn, new_smelt(cast.ada.id, audio=1, prompts=()))
        taken_in(conn, new_smelt(None, texts=1))


@pytest.fixture
def exchanges(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One more for each exchange with Postgres. The connection is taken for alive, however slow this machine is."""
    heard: list[str] = []
    wait = BoundedConnection.wait

    def waits(gen: PQGen[Any]) -> PQGen[Any]:
        """What has nothing to send, such as a rollback of nothing, waits for nothing."""
        try:
            wanted = next(gen)
            heard.append("exchange")
            while True:
                wanted = gen.send((yield wanted))
        except StopIteration as done:
            return done.value

    monkeypatch.setattr(BoundedConnection, "wait", lambda conn, gen, *limits: wait(conn, waits(gen), *limits))
    monkeypatch.setattr("db.connection.BELIEVED_SECONDS", 600)
    with database.service():
        pass
    return heard


@pytest.mark.parametrize("key", ["k", None])
def test_a_post_takes_three_exchanges(
    database: Database, cast: Cast, key: str | None, exchanges: list[str]
) -> None:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
    del exchanges[:]
    with database.once() as once:
        find_standing(once, cast.ada.id, None, key)
    assert len(exchanges) == 1
    with database.brief() as brief:
        told = admit(brief, new_smelt(cast.ada.id, texts=1, key=key), PLENTY)
        assert len(exchanges) == 2
    assert len(exchanges) == 3
    with database.service() as conn:
        assert get_smelt(conn, told.smelt.id) == told.smelt


def test_a_small_post_of_a_known_caller_takes_one_exchange(
    database: Database, cast: Cast, exchanges: list[str]
) -> None:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
    del exchanges[:]
    with database.once() as once:
        told = admit_known(once, new_smelt(cast.ada.id, texts=2, key="k"), PLENTY, None)
    assert len(exchanges) == 1
    with database.service() as conn:
        assert get_smelt(conn, told.smelt.id) == told.smelt


LITTLE = Allowances(anonymous_daily=1, platform_daily_cap=1, uncharged_daily=1, weekly_credits=1)


@pytest.mark.parametrize("allowances", [PLENTY, LITTLE, replace(PLENTY, platform_daily_cap=1)])
@pytest.mark.parametrize("tier", [Tier.CREDITS, Tier.OWN_KEY])
@pytest.mark.parametrize("remaining", [WEEKLY, 1, 0])
def test_a_glance_allows_what_the_long_look_does(
    conn: Connection, cast: Cast, allowances: Allowances, tier: Tier, remaining: int
) -> None:
    set_credits(conn, cast.ada.id, WEEKLY)
    admit(conn, new_smelt(cast.ada.id, texts=1, key="k"), PLENTY)
    set_credits(conn, cast.ada.id, remaining)
    standing = find_standing(conn, cast.ada.id, None, "k")
    assert standing is not None
    assert standing.existing is not None
    try:
        check_allowance(conn, cast.ada.id, f"user:{cast.ada.id}", tier, allowances)
    except Refused:
        assert not standing.allows(tier, allowances)
    else:
        assert standing.allows(tier, allowances)


def test_a_claim_waits_for_nobody_who_has_the_smelt(database: Database) -> None:
    """Who cancels holds the smelt and waits for its parts: they would wait for each other."""
    new = new_smelt(None, texts=1)
    with database.service() as conn:
        admit(conn, new, PLENTY)
    with database.service() as other:
        other.execute(text("select from smelts for update"))
        with database.brief() as conn:
            claim = claim_output(conn, 30)
        assert claim is not None
        assert claim.job is None
    with database.service() as conn:
        assert begin_output(conn, claim).smelt_id == new.id
        smelt = get_smelt(conn, new.id)
    assert smelt is not None
    assert smelt.status == "synthesizing"
