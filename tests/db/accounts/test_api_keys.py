"""Admission on an own API key: looked at under a lock, and noted so that the provider is asked again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from db.accounts.api_keys import (
    KeyNotValid,
    delete_api_key,
    find_keys_to_check,
    get_api_key,
    mark_api_key_invalid,
    note_key_accepted,
    put_api_key,
    put_off_key_check,
)
from db.session import Database
from db.smelts.admission import admit
from db.smelts.control import cancel, retry
from pipeline.states import Tier
from tests.support.blocking import wait_until_blocked
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, new_smelt, set_credits

HOUR = PLENTY.key_check_seconds


@pytest.fixture
def ada(database: Database, cast: Cast) -> UUID:
    """With a valid key."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        put_api_key(conn, cast.ada.id, b"wrapped", "k1", "last")
    return cast.ada.id


def post(database: Database, user: UUID) -> UUID:
    new = replace(new_smelt(user, texts=1), tier=Tier.OWN_KEY)
    with database.service() as conn:
        admit(conn, new, PLENTY)
    return new.id


def mark_invalid(database: Database, user: UUID) -> None:
    with database.service() as conn:
        key = get_api_key(conn, user)
        assert key is not None
        mark_api_key_invalid(conn, user, key)


def due_in(database: Database) -> float | None:
    """Seconds until the provider is to be asked again."""
    with database.service() as conn:
        seconds = conn.execute(
            text("select extract(epoch from check_at - now()) from user_api_keys")
        ).scalar_one()
    return None if seconds is None else float(seconds)


def count_smelts(database: Database) -> int:
    with database.service() as conn:
        return int(conn.execute(text("select count(*) from smelts")).scalar_one())


def test_a_key_that_was_removed_or_marked_meanwhile_admits_nothing(database: Database, ada: UUID) -> None:
    mark_invalid(database, ada)
    with pytest.raises(KeyNotValid):
        post(database, ada)
    with database.service() as conn:
        delete_api_key(conn, ada)
    with pytest.raises(KeyNotValid):
        post(database, ada)
    assert count_smelts(database) == 0


def test_an_admission_and_a_rejection_take_turns(database: Database, owner_url: str, ada: UUID) -> None:
    """Whichever comes second waits for the first, and sees what it did."""
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            key = get_api_key(conn, ada)
            assert key is not None
            mark_api_key_invalid(conn, ada, key)
            posting = pool.submit(post, database, ada)
            wait_until_blocked(owner_url, posting)
        with pytest.raises(KeyNotValid):
            posting.result()
    assert count_smelts(database) == 0


def test_a_retry_needs_the_key_as_well(database: Database, ada: UUID) -> None:
    smelt = post(database, ada)
    with database.service() as conn:
        cancel(conn, smelt)
    mark_invalid(database, ada)
    with pytest.raises(KeyNotValid), database.service() as conn:
        retry(conn, smelt, PLENTY, 3_600)
    with database.service() as conn:
        put_api_key(conn, ada, b"wrapped", "k1", "last")
        assert retry(conn, smelt, PLENTY, 3_600).outputs == 1


def test_only_a_key_that_is_used_is_asked_about_and_only_when_the_last_word_is_old(
    database: Database, ada: UUID
) -> None:
    assert due_in(database) is None
    post(database, ada)
    first = due_in(database)
    assert first is not None
    assert HOUR - 60 < first <= HOUR
    post(database, ada)
    second = due_in(database)
    assert second is not None
    assert second <= first  # the first use counts, not the last
    with database.service() as conn:
        key = get_api_key(conn, ada)
        assert key is not None
        note_key_accepted(conn, ada, key)
        conn.execute(text("update user_api_keys set checked_at = now() - interval '90 days'"))
        assert find_keys_to_check(conn, 10) == []
    post(database, ada)
    with database.service() as conn:
        assert [due.user_id for due in find_keys_to_check(conn, 10)] == [ada]


def test_what_is_noted_of_an_older_key_is_dropped(database: Database, ada: UUID) -> None:
    post(database, ada)
    with database.service() as conn:
        old = get_api_key(conn, ada)
    assert old is not None
    with database.service() as conn:
        put_api_key(conn, ada, b"another", "k1", "else")
    assert due_in(database) is None
    post(database, ada)
    with database.service() as conn:
        note_key_accepted(conn, ada, old)
        put_off_key_check(conn, ada, old, 10.0)
    due = due_in(database)
    assert due is not None
    assert due > HOUR - 60


def test_a_key_that_is_marked_is_not_asked_about_any_more(database: Database, ada: UUID) -> None:
    post(database, ada)
    mark_invalid(database, ada)
    assert due_in(database) is None
