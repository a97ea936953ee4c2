"""What must hold after every run, whatever happened in it: read from Postgres and the content store."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from pipeline.content.errors import ContentError
from pipeline.content.keyring import KeyRing, smelt_context
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.settings import Settings
from tests.faults.chaos.oracle import Oracle, Target


@dataclass(frozen=True)
class Verdict:
    accepted: int
    lost: int  # accepted, and not there or not ended
    doubled: int  # charges, results or smelts beyond one each

    @property
    def holds(self) -> bool:
        return self.lost == self.doubled == 0


def unfinished(service: Target, oracle: Oracle) -> int:
    """Accepted smelts that haven't ended."""
    with psycopg.connect(service.owner_url) as connection:
        row = connection.execute(
            "select count(*) from unnest(%s::uuid[]) wanted (id) left join smelts using (id) where finished_at is null",
            [list(oracle.accepted.values())],
        ).fetchone()
    assert row is not None
    return int(row[0])


def unfinished_parts(service: Target) -> list[tuple[object, ...]]:
    """How many parts are in which state, with their attempts, failures and times to wait."""
    with psycopg.connect(service.owner_url) as connection:
        return connection.execute(
            """
            select 'output', status, attempt, failures, run_at - now(), lease_until - now(), count(*)
            from smelt_outputs where finished_at is null group by 2, 3, 4, 5, 6
            union all
            select 'file', status, attempt, failures, run_at - now(), lease_until - now(), count(*)
            from smelt_files where finished_at is null group by 2, 3, 4, 5, 6
            """
        ).fetchall()


def judge(service: Target, oracle: Oracle, initial_credits: int) -> Verdict:
    with psycopg.connect(service.owner_url) as connection:
        lost = unfinished(service, oracle) + missing_results(service.settings, connection)
        doubled = _extra_smelts(connection, oracle) + _extra_charges(connection, initial_credits)
        assert _stuck_rows(connection) == [], "rows were left unfinished"
    return Verdict(len(oracle.accepted), lost, doubled)


def _extra_smelts(connection: psycopg.Connection, oracle: Oracle) -> int:
    """Smelts that nobody was told of: every key has one, and there are no others."""
    rows = connection.execute("select idempotency_key, id::text from smelts").fetchall()
    return sum(1 for key, smelt_id in rows if oracle.accepted.get(key) != smelt_id)


def _extra_charges(connection: psycopg.Connection, initial_credits: int) -> int:
    """The difference, over all users, between smelts that are to be paid for and credits taken.

    Those are the completed, and the canceled that had a result to take already.
    """
    rows = connection.execute(
        """
        select %s - credits_remaining - (
            select count(*) from smelts s where s.user_id = p.user_id and (
                s.status = 'completed' or (s.status = 'canceled' and case
                    when exists (select from smelt_outputs where smelt_id = s.id)
                    then exists (select from smelt_outputs where smelt_id = s.id and status = 'completed')
                    else exists (
                        select from smelt_files
                        where smelt_id = s.id and status = 'completed' and input_type = 'audio'
                    )
                end)
            )
        ) from user_profiles p
        """,
        [initial_credits],
    ).fetchall()
    return sum(abs(row[0]) for row in rows)


def _stuck_rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        """
        select id, status from smelt_files where status in ('waiting', 'pending', 'processing')
        union all select id, status from smelt_outputs where status in ('waiting', 'pending', 'processing')
        """
    ).fetchall()


def missing_results(settings: Settings, connection: psycopg.Connection[Any]) -> int:
    """Completed parts whose result can't be read under the attempt that counts."""
    store = ContentStore.open_url(settings.need("content_url"), allow_http=settings.s3_allow_http)
    keyring = KeyRing.parse(settings.need("keyring"))
    rows = connection.execute(
        """
        select s.id, s.content_key, p.id, p.kind, p.attempt from smelts s join (
            select smelt_id, id, 'result' as kind, attempt from smelt_outputs where status = 'completed'
            union all
            select smelt_id, id, 'transcript', attempt from smelt_files
            where status = 'completed' and input_type = 'audio'
        ) p on p.smelt_id = s.id where s.content_key is not null
        """
    ).fetchall()
    return sum(1 for row in rows if not _readable(store, keyring, row))


def _readable(store: ContentStore, keyring: KeyRing, row: tuple[UUID, bytes, UUID, str, int]) -> bool:
    smelt_id, wrapped, row_id, kind, attempt = row
    key = keyring.unwrap(wrapped, smelt_context(smelt_id))
    try:
        return bool(store.get(ObjectName(smelt_id, row_id, Kind(kind), attempt), key))
    except ContentError:
        return False
