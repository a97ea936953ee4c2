"""Admission of a caller who is taken to stand as at the last post: the same as ever, or nothing at all."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from db.accounts.api_tokens import create_token
from db.session import Database, DatabaseUnavailable
from db.smelts.admission import NotAsKnown, admit_known
from db.smelts.new_smelt import NewSmelt
from db.smelts.reads import get_smelt
from db.smelts.reservation import Allowances
from db.work.holds import hold_tenant
from pipeline.states import Tier
from tests.support.cast import Cast
from tests.support.rows import count_smelts
from tests.support.scraping import told
from tests.support.smelts import PLENTY, new_smelt, set_credits

Post = Callable[..., UUID]


@pytest.fixture
def ada(database: Database, cast: Cast) -> UUID:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 3)
    return cast.ada.id


@pytest.fixture
def post(database: Database) -> Post:
    def post(new: NewSmelt, allowances: Allowances = PLENTY, token: bytes | None = None) -> UUID:
        with database.service():
            pass  # so that the connection is taken for alive
        with database.once() as conn:
            made = admit_known(conn, new, allowances, token)
        with database.service() as conn:
            assert get_smelt(conn, new.id) == made.smelt
        return made.smelt.id

    return post


def refused(database: Database, post: Callable[[], object]) -> None:
    there, before = count_smelts(database), told()
    with pytest.raises(NotAsKnown):
        post()
    assert count_smelts(database) == there
    for name in ("smelt_reservations_total", "smelt_work_added_total"):
        assert told().total(name) == before.total(name)


def set_status(database: Database, user: UUID, status: str) -> None:
    with database.service() as conn:
        conn.execute(
            text("update user_profiles set api_key_status = :status where user_id = :id"),
            {"status": status, "id": user},
        )


@pytest.mark.parametrize("held", [False, True])
def test_it_is_taken_in_as_any_other(database: Database, ada: UUID, post: Post, *, held: bool) -> None:
    if held:
        with database.service() as conn:
            hold_tenant(conn, f"user:{ada}")
    before = told()
    post(new_smelt(ada, audio=1, texts=2))
    assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total") + 1
    assert told().total("smelt_work_added_total") > before.total("smelt_work_added_total")


def test_all_credits_may_be_used_and_no_more(database: Database, ada: UUID, post: Post) -> None:
    for _ in range(3):
        post(new_smelt(ada, texts=1))
    refused(database, lambda: post(new_smelt(ada, texts=1)))


@pytest.mark.parametrize(
    "allowances", [replace(PLENTY, uncharged_daily=0), replace(PLENTY, platform_daily_cap=0)]
)
def test_no_allowance_is_overdrawn(database: Database, ada: UUID, post: Post, allowances: Allowances) -> None:
    refused(database, lambda: post(new_smelt(ada, texts=1), allowances))


@pytest.mark.parametrize(
    ("status", "tier", "known"),
    [
        ("none", Tier.CREDITS, True),
        ("invalid", Tier.CREDITS, True),
        ("valid", Tier.CREDITS, False),
        ("valid", Tier.OWN_KEY, True),
        ("invalid", Tier.OWN_KEY, False),
        ("none", Tier.OWN_KEY, False),
        ("valid", Tier.LOCAL, False),
    ],
)
def test_whose_key_has_changed_is_looked_at_again(
    database: Database, ada: UUID, post: Post, status: str, tier: Tier, *, known: bool
) -> None:
    set_status(database, ada, status)
    new = replace(new_smelt(ada, texts=1), tier=tier)
    if known:
        post(new, replace(PLENTY, local_user=ada))
    else:
        refused(database, lambda: post(new, replace(PLENTY, local_user=ada)))


def test_the_local_user_is_who_the_settings_say(database: Database, ada: UUID, post: Post) -> None:
    new = replace(new_smelt(ada, texts=1), tier=Tier.LOCAL)
    refused(database, lambda: post(new, replace(PLENTY, local_user=uuid4())))
    post(new, replace(PLENTY, local_user=ada))


def test_who_is_gone_and_whose_prompt_is_gone(database: Database, ada: UUID, post: Post) -> None:
    for tier in (Tier.CREDITS, Tier.OWN_KEY, Tier.LOCAL):
        refused(database, partial(post, replace(new_smelt(uuid4(), texts=1), tier=tier)))
    refused(database, lambda: post(new_smelt(ada, texts=1, user_prompt_id=uuid4())))


def test_another_under_the_same_key(database: Database, ada: UUID, post: Post) -> None:
    post(new_smelt(ada, texts=1, key="k"))
    refused(database, lambda: post(new_smelt(ada, texts=1, key="k")))
    post(new_smelt(ada, texts=1, key="l"))


def test_a_machine_token_is_looked_at_and_its_use_noted(
    database: Database, owner_url: str, cast: Cast, ada: UUID, post: Post
) -> None:
    with database.service() as conn:
        set_credits(conn, cast.bob.id, 3)
        token = create_token(conn, ada, token_hash=b"t" * 32, name="ci", last_four="tttt", expires_at=None)
    refused(database, lambda: post(new_smelt(ada, texts=1), PLENTY, b"u" * 32))
    refused(database, lambda: post(new_smelt(cast.bob.id, texts=1), PLENTY, b"t" * 32))
    post(new_smelt(ada, texts=1), PLENTY, b"t" * 32)
    used = "select last_used_at > now() - interval '10 seconds' from api_tokens"
    with psycopg.connect(owner_url, autocommit=True) as owner:
        assert owner.execute(used).fetchone() == (True,)
        owner.execute("update api_tokens set expires_at = now() where id = %s", [token.id])
    refused(database, lambda: post(new_smelt(ada, texts=1), PLENTY, b"t" * 32))


def test_a_connection_that_is_lost_is_an_outage(database: Database, owner_url: str, ada: UUID) -> None:
    before = told()

    def post() -> None:
        with database.once() as conn:
            ended = owner.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            assert ended.fetchall()
            admit_known(conn, new_smelt(ada, texts=1), PLENTY, None)

    with psycopg.connect(owner_url, autocommit=True) as owner:
        with pytest.raises(DatabaseUnavailable):
            post()
        assert count_smelts(database) == 0
        assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")
