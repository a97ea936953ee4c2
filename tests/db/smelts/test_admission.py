"""What admission refuses, says and leaves behind: in the transaction that the API gives it, and in any other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from db.accounts.api_keys import KeyNotValid
from db.accounts.profiles import UserGone
from db.one_exchange import AnyConnection, OneExchange
from db.session import Database, DatabaseUnavailable
from db.smelts.admission import IdempotencyRace, PromptGone, admit
from db.smelts.new_smelt import NewSmelt
from db.smelts.reservation import Allowances, RefusalCode, Refused
from pipeline.states import Tier
from tests.support.blocking import wait_until_blocked
from tests.support.cast import Cast
from tests.support.rows import count_smelts
from tests.support.scraping import told
from tests.support.smelts import PLENTY, new_smelt, set_credits

DAY, WEEK = 86_400, 604_800  # seconds

Transaction = Callable[[], AbstractContextManager[AnyConnection]]
Post = Callable[[NewSmelt, Allowances], None]


@pytest.fixture(params=["brief", "service"])
def transaction(request: pytest.FixtureRequest, database: Database) -> Transaction:
    """`brief`: the API's, whose connection was used a moment ago."""
    database_transaction: Transaction = getattr(database, request.param)
    with database.service():
        pass
    return database_transaction


@pytest.fixture
def post(transaction: Transaction) -> Post:
    def post(new: NewSmelt, allowances: Allowances = PLENTY) -> None:
        with transaction() as conn:
            admit(conn, new, allowances)

    return post


@pytest.fixture
def ada(database: Database, cast: Cast) -> UUID:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 3)
    return cast.ada.id


@pytest.fixture
def prompt(owner_url: str, ada: UUID) -> UUID:
    prompt_id = uuid4()
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            "insert into prompts (id, user_id, title, body, position) values (%s, %s, 'mine', 'Sum up.', 0)",
            [prompt_id, ada],
        )
    return prompt_id


def made_under(database: Database, key: str | None) -> list[UUID]:
    with database.service() as conn:
        found = conn.execute(
            text("select id from smelts where idempotency_key is not distinct from :key"), {"key": key}
        )
        return list(found.scalars())


def test_another_smelt_under_the_same_key_is_a_race(database: Database, ada: UUID, post: Post) -> None:
    first = new_smelt(ada, texts=1, key="k")
    post(first, PLENTY)
    before = told()
    with pytest.raises(IdempotencyRace):
        post(new_smelt(ada, texts=1, key="k"), replace(PLENTY, uncharged_daily=0))  # before any limit
    assert made_under(database, "k") == [first.id]
    assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")


def test_a_key_is_free_again_after_a_day(database: Database, ada: UUID, post: Post) -> None:
    first, second = new_smelt(ada, texts=1, key="k"), new_smelt(ada, texts=1, key="k")
    post(first, PLENTY)
    with database.service() as conn:
        conn.execute(text("update smelts set created_at = created_at - interval '25 hours'"))
    post(second, PLENTY)
    assert (made_under(database, "k"), made_under(database, None)) == ([second.id], [first.id])


def test_a_prompt_that_is_gone_is_said(database: Database, ada: UUID, prompt: UUID, post: Post) -> None:
    with pytest.raises(PromptGone):
        post(new_smelt(ada, texts=1, user_prompt_id=uuid4()), PLENTY)
    assert count_smelts(database) == 0
    post(new_smelt(ada, texts=1, user_prompt_id=prompt), PLENTY)


@pytest.mark.parametrize("tier", [Tier.CREDITS, Tier.OWN_KEY, Tier.LOCAL])
def test_a_user_who_is_gone_is_said(database: Database, post: Post, tier: Tier) -> None:
    with pytest.raises(UserGone):
        post(replace(new_smelt(uuid4(), texts=1), tier=tier), PLENTY)
    assert count_smelts(database) == 0


def test_a_key_that_is_not_valid_is_said(database: Database, ada: UUID, post: Post) -> None:
    with pytest.raises(KeyNotValid):
        post(replace(new_smelt(ada, texts=1), tier=Tier.OWN_KEY), PLENTY)
    assert count_smelts(database) == 0


@pytest.mark.parametrize(
    ("credits_left", "allowances", "code", "longest"),
    [
        (0, PLENTY, RefusalCode.CREDITS_EXHAUSTED, WEEK),
        (3, replace(PLENTY, uncharged_daily=0), RefusalCode.DAILY_LIMIT_REACHED, DAY),
        (3, replace(PLENTY, platform_daily_cap=0), RefusalCode.BUSY, DAY),
    ],
)
def test_what_is_refused_says_until_when_and_leaves_nothing(
    database: Database,
    ada: UUID,
    post: Post,
    *,
    credits_left: int,
    allowances: Allowances,
    code: RefusalCode,
    longest: int,
) -> None:
    with database.service() as conn:
        set_credits(conn, ada, credits_left)
        reset_in = "interval '6 days 23 hours 59 minutes'"  # further away than any midnight
        conn.execute(text(f"update user_profiles set credits_reset_at = now() + {reset_in}"))
    before = told()
    with pytest.raises(Refused) as refused:
        post(new_smelt(ada, texts=1), allowances)
    assert refused.value.code is code
    assert 0 < refused.value.retry_after <= longest
    assert (refused.value.retry_after > DAY) == (longest == WEEK)
    assert count_smelts(database) == 0
    for name in ("smelt_reservations_total", "smelt_work_added_total"):
        assert told().total(name) == before.total(name)


def test_an_address_is_refused_until_midnight(database: Database, post: Post) -> None:
    allowances = replace(PLENTY, anonymous_daily=1)
    post(new_smelt(None, texts=1), allowances)
    with pytest.raises(Refused) as refused:
        post(new_smelt(None, texts=1), allowances)
    assert refused.value.code is RefusalCode.DAILY_LIMIT_REACHED
    assert 0 < refused.value.retry_after <= DAY
    assert count_smelts(database) == 1


def test_who_waits_for_a_prompt_has_everybody_s_count_not_locked(
    database: Database, owner_url: str, ada: UUID, prompt: UUID, post: Post
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(owner_url) as owner:
            owner.execute("delete from prompts where id = %s", [prompt])
            waiting = pool.submit(post, new_smelt(ada, texts=1, user_prompt_id=prompt), PLENTY)
            wait_until_blocked(owner_url, waiting)
            with database.service() as conn:
                conn.execute(text("set local lock_timeout = '2s'"))
                admit(conn, new_smelt(None, texts=1), PLENTY)
        with pytest.raises(PromptGone):
            waiting.result()


def test_a_connection_that_is_lost_on_the_way_in_leaves_nothing(
    database: Database, owner_url: str, ada: UUID, post: Post
) -> None:
    before = told()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(owner_url) as owner:
        owner.execute("select from user_profiles where user_id = %s for update", [ada])
        waiting = pool.submit(post, new_smelt(ada, texts=1), PLENTY)
        wait_until_blocked(owner_url, waiting)
        owner.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database()"
        )
        with pytest.raises(DatabaseUnavailable):
            waiting.result()
    assert count_smelts(database) == 0
    assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")
    post(new_smelt(ada, texts=1), PLENTY)


def test_one_that_is_lost_before_the_commit_leaves_nothing(
    database: Database, owner_url: str, ada: UUID, transaction: Transaction
) -> None:
    def post() -> None:
        with transaction() as conn:
            admit(conn, new_smelt(ada, texts=1), PLENTY)
            [pid] = conn.execute(text("select pg_backend_pid()"), {}).one()
            with psycopg.connect(owner_url, autocommit=True) as owner:
                owner.execute("select pg_terminate_backend(%s, 5000)", [pid])

    before = told()
    with pytest.raises(DatabaseUnavailable):
        post()
    assert count_smelts(database) == 0
    assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")


def test_one_that_is_lost_after_the_commit_is_an_outage_all_the_same(
    database: Database, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then whether the smelt was taken in, and so it isn't counted."""
    end = OneExchange.end

    def without_a_reply(conn: OneExchange) -> None:
        end(conn)
        conn._connection.close()
        raise psycopg.OperationalError

    monkeypatch.setattr(OneExchange, "end", without_a_reply)
    before = told()
    with database.service():
        pass
    with pytest.raises(DatabaseUnavailable), database.brief() as conn:
        admit(conn, new_smelt(ada, texts=1), PLENTY)
    assert count_smelts(database) == 1
    assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")
