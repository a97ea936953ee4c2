"""A process with another key ring, a wrong database or role is told apart, in words without a secret."""

import os
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from db.readiness import RingOpens, able_to_serve, schema
from db.session import Database, DatabaseUnavailable
from pipeline.checks import NotReady
from pipeline.content.keyring import KeyRing, new_content_key, smelt_context
from pipeline.content.store import ContentStore
from tests.support.cast import Cast
from tests.support.secrets import KEYRING
from tests.support.smelts import admit_all, new_smelt, set_credits

OURS, ANOTHER = KeyRing.parse(KEYRING), KeyRing.parse(KeyRing.generate())


def admit_under(database: Database, ring: KeyRing, user: UUID) -> None:
    smelt = new_smelt(user, texts=1)
    with database.service() as conn:
        set_credits(conn, user, 5)
        admit_all(conn, smelt)
    key = ring.wrap(new_content_key(), smelt_context(smelt.id))
    with database.service() as conn:
        conn.exec_driver_sql("update smelts set content_key = %s where id = %s", (key, smelt.id))


def test_everything_in_order_is_told_in_words(database: Database, tmp_path: Path) -> None:
    content = ContentStore.open_url((tmp_path / "content").as_uri())
    checks = able_to_serve(database, OURS, content)
    assert [check.name for check in checks] == ["database", "key ring", "content store"]
    assert all(check.probe() for check in checks)


def test_another_ring_shows_and_the_key_is_named(database: Database, cast: Cast) -> None:
    admit_under(database, OURS, cast.ada.id)
    assert RingOpens(database, OURS)()
    with pytest.raises(NotReady, match="SMELT_KEYRING") as caught:
        RingOpens(database, ANOTHER)()
    assert KEYRING.split(":")[0] in caught.value.full
    same_id = KeyRing.parse(f"{KEYRING.split(':')[0]}:{KeyRing.generate().split(':')[1]}")
    with pytest.raises(NotReady, match="SMELT_KEYRING"):
        RingOpens(database, same_id)()


def test_who_was_right_once_is_not_stopped_by_who_comes_with_another_ring(
    database: Database, cast: Cast
) -> None:
    admit_under(database, OURS, cast.ada.id)
    right = RingOpens(database, OURS)
    right()
    admit_under(database, ANOTHER, cast.ada.id)
    right()


def test_on_an_empty_database_every_ring_may_begin_and_is_asked_again(database: Database, cast: Cast) -> None:
    ring = RingOpens(database, ANOTHER)
    assert "nothing yet" in ring()
    admit_under(database, OURS, cast.ada.id)
    with pytest.raises(NotReady):
        ring()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"user": "nobody_at_all"}, "nobody_at_all"),
        ({"dbname": "no_such_database"}, "no_such_database"),
        ({"host": "127.0.0.1", "port": "9"}, "Connection refused"),
    ],
)
def test_what_keeps_it_from_the_database_is_said_without_the_password(
    database_url: str, change: dict[str, str], word: str
) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(database_url) | {"password": "planted-secret"} | change
    query = "&".join(f"{name}={parts[name]}" for name in ("host", "port") if name in parts)
    url = f"postgresql://{parts['user']}:planted-secret@/{parts['dbname']}?{query}"
    wrong = Database(url)
    try:
        with pytest.raises(DatabaseUnavailable, match=word) as caught, wrong.service():
            raise AssertionError("it was let in")
        assert "planted-secret" not in str(caught.value)
        with pytest.raises(NotReady, match="DATABASE_URL") as refusal:
            schema(wrong)
        assert word in refusal.value.full
        assert word not in str(refusal.value)  # it is public
    finally:
        wrong.close()


def test_a_login_that_may_not_become_the_roles_is_told_to_migrate(
    owner_url: str, database_url: str, database_name: str
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("create role smelt_test_stranger login noinherit")
    stranger = Database(database_url.replace("smelt_app", "smelt_test_stranger"))
    try:
        with pytest.raises(NotReady, match="smelt migrate"):
            schema(stranger)
    finally:
        stranger.close()
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("drop role smelt_test_stranger")


def test_connections_say_whose_they_are(database_url: str, owner_url: str) -> None:
    named = Database(database_url, process="smelt reconciler")
    try:
        with named.service(), psycopg.connect(owner_url) as owner:
            found = owner.execute(
                "select application_name from pg_stat_activity"
                " where datname = current_database() and usename = 'smelt_app'"
            ).fetchall()
        assert found == [(f"smelt reconciler {os.getpid()}",)]
    finally:
        named.close()
