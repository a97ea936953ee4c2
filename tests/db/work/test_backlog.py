"""What a claim reads beside a backlog, in rows, and what a post asks. How long they take is for `make chaos`."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Connection, event, text

from db.session import Database
from db.smelts.admission import admit
from db.work import claims, expired
from db.work.claims import WorkTable
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, new_smelt, set_credits

SMELTS, PARTS = 4, 500
MOST_ASKED = 6  # of Postgres, in the admission of a text on credits
PLANNED_AFTER = 10  # posts: by then a session keeps what plans it keeps
GROWTH = 3_000  # rows that are there before Postgres knows of them
MOST = 60  # rows that a step may read, whatever waits and whatever has ended
STEPS: dict[str, Callable[[Connection, WorkTable], object]] = {
    "claim": lambda conn, table: claims.claim_next(conn, table, 30),
    "count": lambda conn, table: claims.count_claimable(conn, table, 16),
    "shorten": lambda conn, table: expired.shorten_leases(conn, table, 30),
    "expired": lambda conn, table: expired.find_expired(conn, table, 200),
    "due": lambda conn, table: claims.find_due(conn, table, 200),
}


@pytest.fixture
def backlog(database: Database, owner_url: str, cast: Cast) -> Database:
    """As many files and outputs wait as have ended before them, which lie at the tables' beginning."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1_000)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for ended in (True, False):
            with database.service() as conn:
                for _ in range(SMELTS):
                    admit(conn, new_smelt(cast.ada.id, audio=PARTS, texts=PARTS), PLENTY)
            if ended:
                for table in (FILES.name, OUTPUTS.name):
                    owner.execute(
                        f"""
                        update {table} set status = 'completed', progress = 1, finished_at = now()
                        where finished_at is null
                        """
                    )
                    owner.execute(f"vacuum full {table}")
        owner.execute("vacuum analyze")
    return database


def rows_read(conn: Connection, table: str) -> int:
    """Through indexes and without, by this transaction and those before it that its session hasn't told of yet."""
    sql = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = :table"
    return int(conn.execute(text(sql), {"table": table}).scalar_one())


def test_a_step_reads_little_of_what_waits_and_nothing_of_what_has_ended(backlog: Database) -> None:
    read = {}
    for name, step in STEPS.items():
        for table in (FILES, OUTPUTS):
            with backlog.service() as conn:
                before = rows_read(conn, table.name)
                step(conn, table)
                read[name, table.name] = rows_read(conn, table.name) - before

    assert max(read.values()) <= MOST, read


def test_a_post_is_taken_in_with_few_questions(database: Database, cast: Cast) -> None:
    """Each costs Postgres and the API what a whole row costs: what nearly never applies isn't asked beforehand."""
    asked: list[str] = []
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 2)
        admit(conn, new_smelt(cast.ada.id, texts=1), PLENTY)  # only the first one has a finish time to make
    with database.service() as conn:
        event.listen(conn, "before_cursor_execute", lambda *it: asked.append(it[2]))
        admit(conn, new_smelt(cast.ada.id, texts=1, key="k"), PLENTY)

    assert len(asked) <= MOST_ASKED, asked


def test_a_post_writes_each_row_once(database: Database, cast: Cast) -> None:
    """A row that is inserted and then changed leaves a dead one behind."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1)
        admit(conn, new_smelt(cast.ada.id, audio=2, texts=2), PLENTY)
        changed = conn.execute(
            text(
                """
                select relname from pg_stat_xact_user_tables
                where n_tup_upd > 0 and relname in ('smelts', 'smelt_files', 'smelt_outputs')
                """
            )
        ).all()

    assert changed == []


def test_a_post_reads_no_more_where_the_table_has_outgrown_a_plan(
    database: Database, owner_url: str, cast: Cast
) -> None:
    """A session keeps the plans of its foreign keys' checks. One that was made for a table of a page reads all of it,
    until Postgres has counted the table again.
    """
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1_000)
        admit(conn, new_smelt(None, texts=1), PLENTY)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("vacuum analyze")
        for _ in range(PLANNED_AFTER):
            with database.service() as conn:
                admit(conn, new_smelt(cast.ada.id, texts=1), PLENTY)
        owner.execute(
            """
            insert into smelts
            select copy.* from smelts one, generate_series(1, %s) n,
                jsonb_populate_record(one, jsonb_build_object('id', md5(n::text)::uuid)) copy
            where one.tier = 'anonymous'
            """,
            [GROWTH],
        )
    with database.service() as conn:
        before = rows_read(conn, "smelts")
        admit(conn, new_smelt(cast.ada.id, texts=1), PLENTY)
        read = rows_read(conn, "smelts") - before

    assert read <= MOST
