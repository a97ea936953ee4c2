"""Deleting an account, and what would slip past it without the locks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from db.accounts.accounts import delete_account, delete_smelts
from db.accounts.api_keys import put_api_key
from db.accounts.api_tokens import MOST_TOKENS, TooManyTokens, create_token
from db.accounts.profiles import UserGone
from db.locks import lock_smelt
from db.session import Database
from db.smelts.admission import admit
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS, finish_output
from pipeline.states import Tier
from tests.support.blocking import wait_until_blocked
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, new_smelt, set_credits


@pytest.fixture
def ada(database: Database, cast: Cast) -> UUID:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
    return cast.ada.id


def delete(database: Database, user_id: UUID) -> list[UUID]:
    with database.service() as conn:
        return delete_account(conn, user_id)


def test_a_long_history_goes_in_short_transactions(database: Database, cast: Cast, ada: UUID) -> None:
    adas = [new_smelt(ada, texts=1) for _ in range(5)]
    bobs = new_smelt(cast.bob.id, texts=1)
    with database.service() as conn:
        set_credits(conn, cast.bob.id, 5)
        for new in (*adas, bobs):
            admit(conn, new, PLENTY)
    gone: list[UUID] = []
    sizes = []
    while True:
        with database.service() as conn:
            batch = delete_smelts(conn, ada, 2)
        if not batch:
            break
        gone += batch
        sizes.append(len(batch))
    assert (gone, sizes) == ([new.id for new in adas], [2, 2, 1])
    with database.service() as conn:
        assert conn.execute(text("select id from smelts")).scalars().all() == [bobs.id]


def make_token(database: Database, user_id: UUID, n: int) -> None:
    with database.service() as conn:
        create_token(conn, user_id, token_hash=b"%d" % n, name="race", last_four="race", expires_at=None)


def test_an_admission_under_way_is_not_overlooked(database: Database, owner_url: str, ada: UUID) -> None:
    new = new_smelt(ada, texts=1)
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            admit(conn, new, PLENTY)
            deletion = pool.submit(delete, database, ada)
            wait_until_blocked(owner_url, deletion)
        assert deletion.result() == [new.id]
    with database.service() as conn:
        assert conn.execute(text("select count(*) from smelts")).scalar_one() == 0


def test_one_that_comes_while_it_is_under_way_is_refused(
    database: Database, owner_url: str, ada: UUID
) -> None:
    def post() -> None:
        with database.service() as conn:
            admit(conn, new_smelt(ada, texts=1), PLENTY)

    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            delete_account(conn, ada)
            admission = pool.submit(post)
            wait_until_blocked(owner_url, admission)
        with pytest.raises(UserGone):
            admission.result()


def test_a_smelt_that_ends_meanwhile_is_waited_for(database: Database, owner_url: str, ada: UUID) -> None:
    """Its worker goes on to the profile, and notes a webhook of the user's: neither waits for the deletion."""
    new = replace(new_smelt(ada, texts=1), webhook_url="https://example.org/hook")
    with database.service() as conn:
        admit(conn, new, PLENTY)
    with database.service() as conn:
        claim = claim_next(conn, OUTPUTS, 30)
    assert claim is not None
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            lock_smelt(conn, new.id)
            deletion = pool.submit(delete, database, ada)
            wait_until_blocked(owner_url, deletion)
            finish_output(conn, claim, "model", 1, 1)
            assert conn.execute(text("select count(*) from webhook_deliveries")).scalar_one() == 1
        assert deletion.result() == [new.id]


@pytest.mark.parametrize("tier", [Tier.CREDITS, Tier.OWN_KEY, Tier.LOCAL])
def test_after_it_nothing_is_admitted(database: Database, ada: UUID, tier: Tier) -> None:
    new = replace(new_smelt(ada, texts=1), tier=tier)
    delete(database, ada)
    with pytest.raises(UserGone), database.service() as conn:
        admit(conn, new, PLENTY)


@pytest.mark.parametrize("tier", [Tier.CREDITS, Tier.OWN_KEY, Tier.LOCAL])
def test_nor_where_the_sign_in_service_keeps_the_user(database: Database, ada: UUID, tier: Tier) -> None:
    """As on Supabase: the row in `auth.users` stays, the profile is gone."""
    new = replace(new_smelt(ada, texts=1), tier=tier)
    with database.service() as conn:
        conn.execute(text("delete from user_profiles"))
    with pytest.raises(UserGone), database.service() as conn:
        admit(conn, new, PLENTY)
    with pytest.raises(UserGone), database.service() as conn:
        put_api_key(conn, ada, b"wrapped", "k1", "last")
    with pytest.raises(UserGone):
        make_token(database, ada, 0)


def test_two_tokens_at_once_do_not_pass_the_bound(database: Database, owner_url: str, ada: UUID) -> None:
    for n in range(MOST_TOKENS - 1):
        make_token(database, ada, n)
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            create_token(conn, ada, token_hash=b"first", name="race", last_four="race", expires_at=None)
            second = pool.submit(make_token, database, ada, MOST_TOKENS)
            wait_until_blocked(owner_url, second)
        with pytest.raises(TooManyTokens):
            second.result()
