"""What an autoscaler's login sees: how much work there is, and nothing else. Tried as that role, by raw SQL."""

from collections.abc import Iterator
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from db.session import Database
from db.work.claims import claim_next
from db.work.tables import BY_QUEUE
from tests.support.cast import Cast
from tests.support.query_plans import carried_out
from tests.support.smelts import admit_all, new_smelt, set_credits

DEPTH: LiteralString = "select queue, ready, running from smelt_meta.queue_depth order by queue"
# All that a login could read, but for what Postgres shows everybody. Toast tables can be read by superusers alone.
RELATIONS = """
    select n.nspname, relname from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
"""


@pytest.fixture
def monitor(owner_url: str) -> Iterator[psycopg.Connection]:
    """Without a password: the tests' server must trust it, as the other roles."""
    parts = urlsplit(owner_url)
    url = urlunsplit(parts._replace(netloc=f"smelt_monitor@{parts.netloc.rpartition('@')[2]}"))
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def work(database: Database, cast: Cast) -> None:
    """Ada has two recordings, of which one is claimed, and Bob a text; nothing else is to be done."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        set_credits(conn, cast.bob.id, 5)
        admit_all(conn, new_smelt(cast.ada.id, audio=2), new_smelt(cast.bob.id, texts=1))
        claimed = claim_next(conn, BY_QUEUE["transcribe"], 60)
    assert claimed is not None


def test_it_sees_how_much_work_each_queue_has(monitor: psycopg.Connection, work: None) -> None:
    assert monitor.execute(DEPTH).fetchall() == [
        ("deliver", 0, 0),
        ("maintenance", 0, 0),
        ("synthesize", 1, 0),
        ("transcribe", 1, 1),
    ]


def test_each_queue_is_counted_on_its_own_table(monitor: psycopg.Connection, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        row = owner.execute("select pg_get_viewdef('smelt_meta.queue_depth'::regclass)").fetchone()
    assert row is not None
    branches = row[0].split("UNION ALL")
    for queue, table in BY_QUEUE.items():
        (branch,) = [branch for branch in branches if f"'{queue}'::text" in branch]
        assert branch.count(f"FROM {table.name}\n") == 2, branch
    assert len(branches) == len(BY_QUEUE)


def test_one_queue_is_told_without_counting_the_others(database: Database, work: None) -> None:
    """By the indexes of what is unfinished: what has ended long ago is not read."""
    with database.service() as conn:
        conn.execute(text("set local enable_seqscan = off"))  # by which so small a table is read
        query = "select ready + running from smelt_meta.queue_depth where queue = 'transcribe'"
        plan = carried_out(conn, query, {})
    read = {
        (node.get("Relation Name"), node.get("Index Name")) for node in plan.nodes if node["Actual Loops"]
    }
    tables, indexes = ({one for one in kind if one} for kind in zip(*read, strict=True))
    assert tables == {"smelt_files", "holds"}
    assert indexes == {"smelt_files_claim", "smelt_files_lease", "holds_queue_tenant_key"}


def test_it_reads_nothing_else(monitor: psycopg.Connection, work: None) -> None:
    relations = monitor.execute(RELATIONS).fetchall()
    readable = []
    for schema, name in relations:
        try:
            monitor.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(schema, name)))
        except psycopg.errors.InsufficientPrivilege:
            continue
        readable.append((schema, name))
    assert readable == [("smelt_meta", "queue_depth")]
    assert len(relations) > 15


@pytest.mark.parametrize(
    "statement",
    [
        "set role service_role",
        "set role authenticated",
        "set role smelt_app",
        "set session authorization smelt_app",
        "select filename from public.smelt_files",
        "select count(*) from public.smelts",
        "select email from auth.users",
        "select smelt_meta.delete_user(gen_random_uuid())",
        "update public.smelt_files set status = 'pending'",
        "delete from public.smelts",
        "create table public.mine (id int)",
        "create table smelt_meta.mine (id int)",
        "create or replace view smelt_meta.queue_depth as select 'all'::text queue, 1::bigint ready, 1::bigint running",
        "drop view smelt_meta.queue_depth",
        "alter view smelt_meta.queue_depth set (security_invoker = true)",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to '/tmp/mine'",
        "alter role smelt_monitor createrole",
    ],
)
def test_it_may_do_nothing_else(monitor: psycopg.Connection, work: None, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        monitor.execute(statement.encode())


def test_nobody_else_but_the_service_sees_the_depths(owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        allowed = owner.execute(
            """
            select role from unnest(array['anon', 'authenticated', 'smelt_app', 'service_role', 'smelt_monitor']) role
            where has_table_privilege(role, 'smelt_meta.queue_depth', 'select')
            """
        ).fetchall()
    assert allowed == [("service_role",), ("smelt_monitor",)]


def test_it_is_a_login_without_a_password_or_a_right_of_its_own(owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        row = owner.execute(
            """
            select rolcanlogin, rolpassword is null, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,
                exists (select from pg_auth_members where member = pg_authid.oid)
            from pg_authid where rolname = 'smelt_monitor'
            """
        ).fetchone()
    assert row == (True, True, False, False, False, False, False, False)
