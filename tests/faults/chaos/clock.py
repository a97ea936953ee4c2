"""A database whose clock the test moves, and which writes down what the schedules did to it.

In this database `pg_catalog.now` is a function of ours, and Postgres's own has another name: every query that says
`now()` reads the moved clock, whatever its search path, so the service runs as it is. What was bound to Postgres's own
function before, such as a default, keeps the true clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg

# `at` is the true clock, `shown` the moved one. The triggers fire for each statement: `looks` also notes a tick that
# had nothing to insert.
_INSTALL = """
    create schema clock;
    grant usage on schema clock to public;
    create table clock.skew (ahead interval not null);
    insert into clock.skew values ('0');
    grant select on clock.skew to public;
    alter function pg_catalog.now() rename to true_now;
    create function pg_catalog.now() returns timestamptz language sql stable set search_path = '' as $$
        select pg_catalog.true_now() + (select ahead from clock.skew)
    $$;

    create table clock.resets (user_id uuid, shown timestamptz, at timestamptz);
    create index on clock.resets (at, user_id);
    create table clock.looks (pid integer, at timestamptz);
    create function clock.note_reset() returns trigger language plpgsql security definer as $$
        begin
            insert into clock.resets
            select user_id, now(), pg_catalog.clock_timestamp()
            from before join after using (user_id) where after.credits_remaining > before.credits_remaining;
            return null;
        end
    $$;
    create function clock.note_look() returns trigger language plpgsql security definer as $$
        begin
            insert into clock.looks values (pg_backend_pid(), pg_catalog.clock_timestamp());
            return null;
        end
    $$;
    create trigger note_reset after update on user_profiles
        referencing old table as before new table as after
        for each statement execute function clock.note_reset();
    create trigger note_look before insert on schedule_runs
        for each statement execute function clock.note_look();

    -- Defaults were bound to Postgres's own clock when they were made.
    do $do$
    declare
        it record;
    begin
        for it in select table_name, column_name from information_schema.columns
            where table_schema = 'public' and column_default = 'true_now()'
        loop
            execute format('alter table %I alter column %I set default now()', it.table_name, it.column_name);
        end loop;
    end
    $do$;
"""


class MovableClock:
    """`owner`: an autocommitting connection of a superuser, the test's own."""

    def __init__(self, owner: psycopg.Connection) -> None:
        self.owner = owner

    @classmethod
    def install(cls, owner: psycopg.Connection) -> "MovableClock":
        owner.execute(_INSTALL)
        return cls(owner)

    def now(self) -> datetime:
        return self._moment("select now()")

    def true_now(self) -> datetime:
        return self._moment("select pg_catalog.clock_timestamp()")

    def set(self, moment: datetime) -> None:
        self.owner.execute("update clock.skew set ahead = %s - pg_catalog.clock_timestamp()", [moment])

    def move(self, by: timedelta) -> None:
        self.owner.execute("update clock.skew set ahead = ahead + %s", [by])

    def resets_since(self, begun: datetime) -> dict[str, int]:
        """User → how often their credits have risen since `begun`, a true time."""
        rows = self.owner.execute(
            "select user_id::text, count(*) from clock.resets where at >= %s group by user_id", [begun]
        )
        return {row[0]: row[1] for row in rows}

    def users_reset_since(self, begun: datetime) -> int:
        row = self.owner.execute(
            "select count(distinct user_id) from clock.resets where at >= %s", [begun]
        ).fetchone()
        assert row is not None
        return int(row[0])

    def first_reset_since(self, begun: datetime) -> datetime:
        """A true time."""
        return self._moment("select min(at) from clock.resets where at >= %s", begun)

    def lookers_since(self, begun: datetime) -> int:
        """How many sessions have done a whole round of the schedules since `begun`, a true time.

        A round inserts three times; the first may have begun before.
        """
        row = self.owner.execute(
            "select count(*) from (select pid from clock.looks where at >= %s group by pid having count(*) > 3) it",
            [begun],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def sessions_since(self, begun: datetime) -> list[datetime]:
        """When the reconcilers' sessions that began since `begun` did so; true times, in order."""
        rows = self.owner.execute(
            """
            select backend_start from pg_stat_activity
            where pid in (select pid from clock.looks) and backend_start >= %s
            order by backend_start
            """,
            [begun],
        )
        return [row[0] for row in rows]

    def _moment(self, statement: str, *values: object) -> datetime:
        row = self.owner.execute(statement, values).fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment


@contextmanager
def movable_clock(owner_url: str) -> Iterator[MovableClock]:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        yield MovableClock.install(owner)
