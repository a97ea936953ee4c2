"""Which hosts work, and how fast: as Postgres knows it."""

import time

import psycopg

from tests.hosts.deployment import Deployment
from tests.support.waiting import wait_until

WAIT_SECONDS = 240.0


def work_on(it: Deployment, *names: str, seconds: float = 0.0) -> None:
    """Until these hosts have ended work that they began since, and so many seconds at the least."""
    with psycopg.connect(it.owner_url, autocommit=True) as connection:
        [[since]] = connection.execute("select clock_timestamp()")
        deadline = time.monotonic() + seconds

        def done() -> bool:
            rows = connection.execute(
                """
                select distinct client from smelt_outputs join ended using (id, attempt) where started_at > %s
                """,
                [since],
            )
            return {it.hosts[name].address for name in names} <= {str(row[0]) for row in rows}

        _note_ends(connection)
        wait_until(lambda: time.monotonic() > deadline and done(), WAIT_SECONDS)


def rate(it: Deployment, outputs: int) -> float:
    """Outputs a second, while so many end. There must be more to do."""
    with psycopg.connect(it.owner_url, autocommit=True) as connection:

        def count(status: str) -> int:
            [[found]] = connection.execute("select count(*) from smelt_outputs where status = %s", [status])
            return int(found)

        before, began = count("completed"), time.monotonic()
        wait_until(lambda: count("completed") >= before + outputs or count("pending") == 0, WAIT_SECONDS)
        measured = (count("completed") - before) / (time.monotonic() - began)
        assert count("pending") > 0, "the work came to its end"
    return measured


def _note_ends(connection: psycopg.Connection) -> None:
    """From where each output's end was said, by a trigger: Postgres knows the other end of its connection."""
    connection.execute(
        """
        create table if not exists ended (id uuid, attempt integer, client inet);
        create or replace function note_end() returns trigger language plpgsql security definer as $$
        begin
            insert into public.ended values (new.id, new.attempt, inet_client_addr());
            return null;
        end $$;
        create or replace trigger note_end after update on smelt_outputs for each row
            when (old.status = 'processing' and new.status = 'completed') execute function note_end();
        """
    )
