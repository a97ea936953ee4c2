"""Rotation of the key ring: everything is wrapped anew, bound to its owner as before, whatever goes on meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from db.accounts.api_keys import get_api_key, put_api_key
from db.accounts.rewrap import rewrap_all
from db.session import Database
from db.smelts.content_keys import destroy_key, get_content_key
from db.smelts.control import cancel
from pipeline.content.keyring import KeyRing, KeyUnknown, smelt_context, user_context, webhook_context
from tests.support.blocking import wait_until_blocked
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits

OLD, NEW = KeyRing.generate(), KeyRing.generate()
BEFORE, BOTH, AFTER = KeyRing.parse(OLD), KeyRing.parse(f"{NEW},{OLD}"), KeyRing.parse(NEW)
SMELTS = 7


@pytest.fixture
def smelts(database: Database, cast: Cast) -> list[UUID]:
    """Seven smelts, an API key and a webhook secret, wrapped by the old key."""
    made = [new_smelt(cast.ada.id, texts=1) for _ in range(SMELTS)]
    secret = uuid7()
    with database.service() as conn:
        set_credits(conn, cast.ada.id, SMELTS)
        admit_all(conn, *made)
        for smelt in made:
            conn.execute(
                text("update smelts set content_key = :key where id = :id"),
                {"key": BEFORE.wrap(smelt.id.bytes, smelt_context(smelt.id)), "id": smelt.id},
            )
        wrapped = BEFORE.wrap(b"sk-of-ada", user_context(cast.ada.id))
        put_api_key(conn, cast.ada.id, wrapped, BEFORE.key_id(wrapped), "-ada")
        wrapped = BEFORE.wrap(b"whsec", webhook_context(secret))
        conn.execute(
            text(
                "insert into webhook_secrets (id, user_id, ciphertext, key_id) values (:id, :user, :secret, :key)"
            ),
            {"id": secret, "user": cast.ada.id, "secret": wrapped, "key": BEFORE.key_id(wrapped)},
        )
    return [smelt.id for smelt in made]


def content_key(database: Database, smelt_id: UUID, keyring: KeyRing) -> bytes:
    with database.service() as conn:
        wrapped = get_content_key(conn, smelt_id)
    assert wrapped is not None
    return keyring.unwrap(wrapped, smelt_context(smelt_id))


def test_everything_opens_with_the_new_key_alone(database: Database, cast: Cast, smelts: list[UUID]) -> None:
    last = {progress.table: progress for progress in rewrap_all(database, BOTH, batch=3)}

    assert {name: (done.seen, done.rewrapped, done.unreadable) for name, done in last.items()} == {
        "smelts": (SMELTS, SMELTS, 0),
        "user_api_keys": (1, 1, 0),
        "webhook_secrets": (1, 1, 0),
    }
    for smelt_id in smelts:
        assert content_key(database, smelt_id, AFTER) == smelt_id.bytes
    with database.service() as conn:
        stored = get_api_key(conn, cast.ada.id)
        assert stored is not None
        wrapped = stored.wrapped
        assert AFTER.unwrap(wrapped, user_context(cast.ada.id)) == b"sk-of-ada"
        secret = conn.execute(text("select id, ciphertext from webhook_secrets")).one()
        assert AFTER.unwrap(bytes(secret.ciphertext), webhook_context(secret.id)) == b"whsec"
        for table in ("user_api_keys", "webhook_secrets"):
            assert conn.execute(text(f"select key_id from {table}")).scalar_one() == AFTER.key_id(wrapped)
    assert sum(done.rewrapped for done in rewrap_all(database, BOTH)) == 0


def test_a_run_that_was_stopped_is_taken_up_again(database: Database, smelts: list[UUID]) -> None:
    stopped = rewrap_all(database, BOTH, batch=3)
    next(stopped)
    with pytest.raises(KeyUnknown):
        content_key(database, smelts[-1], AFTER)

    again = {progress.table: progress for progress in rewrap_all(database, BOTH, batch=3)}

    assert again["smelts"].rewrapped == SMELTS - 3
    for smelt_id in smelts:
        assert content_key(database, smelt_id, AFTER) == smelt_id.bytes


def test_what_is_destroyed_meanwhile_stays_destroyed(database: Database, smelts: list[UUID]) -> None:
    running = rewrap_all(database, BOTH, batch=3)
    next(running)
    with database.service() as conn:
        cancel(conn, smelts[0])
        for smelt_id in (smelts[0], smelts[-1]):
            destroy_key(conn, smelt_id)
    list(running)
    with database.service() as conn:
        assert get_content_key(conn, smelts[0]) is None
        assert get_content_key(conn, smelts[-1]) is None


def test_a_key_being_destroyed_is_waited_for(database: Database, owner_url: str, smelts: list[UUID]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            cancel(conn, smelts[2])
            destroy_key(conn, smelts[2])
            rotation = pool.submit(list, rewrap_all(database, BOTH))
            wait_until_blocked(owner_url, rotation)
        rotation.result()
    with database.service() as conn:
        assert get_content_key(conn, smelts[2]) is None
    assert content_key(database, smelts[3], AFTER) == smelts[3].bytes


def test_a_key_that_is_missing_is_told_and_harms_nothing(database: Database, smelts: list[UUID]) -> None:
    last = {progress.table: progress for progress in rewrap_all(database, AFTER)}

    assert last["smelts"].unreadable == SMELTS
    for smelt_id in smelts:
        assert content_key(database, smelt_id, BEFORE) == smelt_id.bytes


def test_a_secret_moved_to_another_row_is_not_rewrapped(database: Database, smelts: list[UUID]) -> None:
    with database.service() as conn:
        conn.execute(
            text(
                "update smelts set content_key = (select content_key from smelts where id = :a) where id = :b"
            ),
            {"a": smelts[0], "b": smelts[1]},
        )
    last = {progress.table: progress for progress in rewrap_all(database, BOTH)}
    assert (last["smelts"].rewrapped, last["smelts"].unreadable) == (SMELTS - 1, 1)


def test_the_versions_that_clients_see_stay(database: Database, smelts: list[UUID]) -> None:
    sql = text("select id, version, updated_at from smelts order by id")
    with database.service() as conn:
        before = conn.execute(sql).all()
    list(rewrap_all(database, BOTH))
    with database.service() as conn:
        assert conn.execute(sql).all() == before
