"""What somebody once set for the application's login, or in a session of the pool, changes nothing for the next."""

from contextlib import nullcontext
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from db import migrate
from db.migrations import newest, revisions
from db.readiness import check_ready
from db.session import Database, DatabaseUnavailable
from pipeline.checks import NotReady
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits
from tests.support.supabase import supabase

NAMES = "select unnest(setconfig) from pg_db_role_setting where setrole = 'smelt_app'::regrole"


def alter(url: str, name: str, value: str) -> None:
    """As the login itself, in this test's database alone."""
    with psycopg.connect(url, autocommit=True) as connection:
        statement = "alter role smelt_app in database {} set {} = {}"
        connection.execute(
            sql.SQL(statement).format(
                sql.Identifier(connection.info.dbname), sql.Identifier(name), sql.Literal(value)
            )
        )


def see(database: Database, user: UUID) -> int:
    with database.user(user) as conn:
        return int(conn.execute(text("select count(*) from smelts")).scalar_one())


@pytest.fixture
def smelt(database: Database, cast: Cast) -> UUID:
    smelt = new_smelt(cast.ada.id, texts=1)
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, smelt)
    return smelt.id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("search_path", "pg_temp"),
        ("row_security", "off"),
        ("default_transaction_read_only", "on"),
        ("default_transaction_isolation", "serializable"),
        ("role", "service_role"),
        ("timezone", "Asia/Kathmandu"),
        ("datestyle", "SQL, DMY"),
        ("plan_cache_mode", "force_generic_plan"),
    ],
)
def test_altered_settings_of_the_login_have_no_effect(
    database_url: str, smelt: UUID, cast: Cast, name: str, value: str
) -> None:
    alter(database_url, name, value)
    database = Database(database_url)
    try:
        check_ready(database)
        assert (see(database, cast.ada.id), see(database, cast.bob.id)) == (1, 0)
        with database.service() as conn:
            conn.execute(text("select pg_sleep(0.01)"))
            conn.execute(text("update smelts set version = version + 1"))
            assert conn.execute(text("show transaction_isolation")).scalar_one() == "read committed"
            assert conn.execute(text("select now()")).scalar_one().utcoffset().total_seconds() == 0
    finally:
        database.close()


def test_nothing_that_is_left_in_a_session_of_the_pool_is_believed(
    database_url: str, smelt: UUID, cast: Cast
) -> None:
    """Temporary tables come before all others unless they are told not to; Supabase's auth.uid() reads old claims."""
    database = Database(database_url, pool_size=1)
    try:
        with database.service() as conn:
            conn.execute(text("create temporary table smelts (id uuid)"))
            for name in ("request.jwt.claim.sub", "request.jwt.claim"):
                conn.execute(text(f"select set_config('{name}', '{cast.ada.id}', false)"))
            conn.execute(text("select set_config('search_path', 'pg_temp', false)"))
        with database.user(cast.bob.id) as conn:
            left = "select concat(current_setting('request.jwt.claim.sub'), current_setting('request.jwt.claim'))"
            assert conn.execute(text(left)).scalar_one() == ""
            assert conn.execute(text("select 'smelts'::regclass = 'public.smelts'::regclass")).scalar_one()
        assert (see(database, cast.ada.id), see(database, cast.bob.id)) == (1, 0)
    finally:
        database.close()


def test_one_that_stops_everything_shows_and_is_taken_back(owner_url: str, database_url: str) -> None:
    """Whom it keeps from connecting can't override it."""
    alter(database_url, "local_preload_libraries", "no_such_library")
    for ready in (False, True):
        database = Database(database_url)
        try:
            with nullcontext() if ready else pytest.raises(DatabaseUnavailable):
                check_ready(database)
        finally:
            database.close()
        migrate.upgrade(owner_url)


def test_a_migration_takes_them_back(owner_url: str, database_url: str) -> None:
    alter(database_url, "search_path", "pg_temp")
    with psycopg.connect(database_url, autocommit=True) as login:
        login.execute("alter role smelt_app set work_mem = '1GB'")
    try:
        migrate.upgrade(owner_url)
        with psycopg.connect(owner_url) as owner:
            assert owner.execute(NAMES).fetchall() == []
    finally:
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("alter role smelt_app reset all")


def test_where_it_may_not_it_says_what_is_set(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever migrates may have been given the schema, but not the role."""
    with supabase(empty_database_url) as postgres_url:
        with psycopg.connect(empty_database_url, autocommit=True) as owner:
            database = owner.info.dbname
            statement = "alter role smelt_app in database {} set search_path = 'pg_temp'"
            owner.execute(sql.SQL(statement).format(sql.Identifier(database)))
            version = owner.info.server_version
        migrate.upgrade(postgres_url)
        if version >= 160000:  # before, CREATEROLE suffices
            assert "search_path" in caplog.text
            assert "pg_temp" not in caplog.text


def test_ready_means_that_the_schema_is_the_services(
    database_url: str, owner_url: str, empty_database_url: str
) -> None:
    database = Database(database_url)
    try:
        check_ready(database)
        migrate.downgrade(owner_url, revisions()[-2])
        with pytest.raises(NotReady, match="smelt migrate"):
            check_ready(database)
        migrate.upgrade(owner_url)
        check_ready(database)
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("update smelt_meta.migrations set version_num = '9999_of_a_later_service'")
            check_ready(database)
            owner.execute("update smelt_meta.migrations set version_num = '0019_file_warnings'")
            with pytest.raises(NotReady, match="before the first release"):
                check_ready(database)
            owner.execute("update smelt_meta.migrations set version_num = %s", [newest()])
            owner.execute("revoke select on smelt_files from service_role")
        with pytest.raises(NotReady, match="InsufficientPrivilege"):
            check_ready(database)
    finally:
        database.close()
