"""The fair order on a real queue: shares, places kept, and estimates that were wrong."""

from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Connection, text

from db.locks import lock_smelt_of
from db.session import Database
from db.work import claims as work
from db.work.claims import Claim, claim_next
from db.work.fair_queue import debit_excess
from db.work.files import FILES, correct_seconds, note_duration
from db.work.parts import record_failure, rescue
from pipeline.errors import GiveBack, LostLease, WorkError
from pipeline.fairness import BYTES_PER_SECOND, SHORT_SECONDS, recording_cost
from pipeline.retry import decide
from pipeline.states import ErrorCode
from tests.support.smelts import admit_all, new_smelt


def admit_recordings(conn: Connection, tenant: str, count: int, seconds: float = 10.0) -> None:
    new = new_smelt(None, audio=count, tenant=tenant)
    size = int(seconds * BYTES_PER_SECOND)
    admit_all(conn, replace(new, files=[replace(file, size_bytes=size) for file in new.files]))


def must_claim(conn: Connection, *, only_short: bool = False) -> Claim:
    claimed = claim_next(conn, FILES, 30, only_short=only_short)
    assert claimed is not None
    return claimed


def tenant_of(conn: Connection, claim: Claim) -> str:
    sql = "select tenant from smelt_files f join smelts s on s.id = f.smelt_id where f.id = :id"
    return str(conn.execute(text(sql), {"id": claim.id}).scalar_one())


def keys_of(conn: Connection, tenant: str) -> list[float]:
    """The finish times of the tenant's waiting files, in order, and its last finish time."""
    sql = """
        select fair_key from smelt_files f join smelts s on s.id = f.smelt_id
        where tenant = :tenant and f.status = 'pending' order by fair_key
    """
    keys = list(conn.execute(text(sql), {"tenant": tenant}).scalars())
    last = "select last_tag from fair_tenants where queue = 'transcribe' and tenant = :tenant"
    return [*keys, conn.execute(text(last), {"tenant": tenant}).scalar_one()]


def test_a_worker_that_lost_its_row_debits_the_tenant_nothing(database: Database) -> None:
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 3)
        claim = must_claim(conn)
        before = keys_of(conn, "ip:a")
        debit_excess(conn, FILES, "ip:a", replace(claim, attempt=claim.attempt + 1), 50.0)
        assert keys_of(conn, "ip:a") == before
        admit_recordings(conn, "ip:b", 3)
        debit_excess(conn, FILES, "ip:a", claim, 50.0)
        assert keys_of(conn, "ip:a") == [key + 50.0 for key in before]


@pytest.mark.parametrize("how", ["given back", "rescued", "tried again"])
def test_work_that_comes_back_keeps_its_place(database: Database, how: str) -> None:
    """A rival's files with the same and with later finish times don't go before it, and nothing is debited twice."""
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 3)
        admit_recordings(conn, "ip:b", 3)
        before = keys_of(conn, "ip:a")
        first = must_claim(conn)
        assert tenant_of(conn, first) == "ip:a"
        if how == "rescued":
            conn.execute(
                text("update smelt_files set lease_until = now() - interval '1 s' where id = :id"),
                {"id": first.id},
            )
            assert rescue(conn, FILES, first, max_failures=3)
        elif how == "given back":
            record_failure(conn, FILES, first, decide(GiveBack(), 0, 3))
        else:
            record_failure(
                conn, FILES, first, decide(WorkError(ErrorCode.API_UNAVAILABLE, retryable=True), 0, 3)
            )
            conn.execute(text("update smelt_files set run_at = now() where id = :id"), {"id": first.id})
            assert work.make_pending(conn, FILES, first.id)

        assert must_claim(conn).id == first.id
        assert keys_of(conn, "ip:a") == before[1:]


def test_work_that_comes_back_late_goes_first_but_starts_no_new_time(database: Database) -> None:
    """Its old finish time would let every newcomer start in the past, ahead of those who have waited."""
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 1)
        late = must_claim(conn)
        admit_recordings(conn, "ip:b", 20)
        for _ in range(10):
            must_claim(conn)
        waiting = keys_of(conn, "ip:b")
        record_failure(conn, FILES, late, decide(GiveBack(), 0, 3))

        assert keys_of(conn, "ip:a")[0] == waiting[0]
        assert must_claim(conn).id == late.id


def test_a_recording_longer_than_it_looks_moves_all_that_follows(database: Database) -> None:
    with database.service() as conn:
        admit_recordings(conn, "ip:liar", 20)
        admit_recordings(conn, "ip:other", 20)
        before = keys_of(conn, "ip:liar")
        claimed = must_claim(conn)
        note_duration(conn, claimed, "ip:liar", 1_000.0)

        moved = 1_000.0 - 10.0
        assert keys_of(conn, "ip:liar") == [key + moved for key in before[1:]]


def test_a_length_is_noted_while_another_holds_the_smelt(database: Database) -> None:
    """Its worker holds the part's row then: if it waited for the smelt's as well, a cancel would be in a deadlock."""
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 1)
        claimed = must_claim(conn)
    with database.service() as holder, database.service() as conn:
        lock_smelt_of(holder, FILES, claimed.id)
        note_duration(conn, claimed, "ip:a", 1_000.0)  # else: LockTimeout


def test_a_recording_shorter_than_it_looks_gives_back_what_it_did_not_use(database: Database) -> None:
    with database.service() as conn:
        admit_recordings(conn, "ip:wave", 20, seconds=10_000.0)
        admit_recordings(conn, "ip:other", 20, seconds=1_000.0)
        rival = keys_of(conn, "ip:other")[0]
        before = keys_of(conn, "ip:wave")
        claimed = must_claim(conn)
        assert tenant_of(conn, claimed) == "ip:wave"
        note_duration(conn, claimed, "ip:wave", 10.0)

        after = keys_of(conn, "ip:wave")
        moves = {round(new - old, 3) for new, old in zip(after, before[1:], strict=True)}
        assert moves == {round(rival - before[1], 3)}  # nearly 9,990, and not past who waited already


def test_small_differences_add_up_before_a_long_queue_is_moved(database: Database) -> None:
    """Moving a finish time is a write: a thousand files that are a second too long each would make half a million."""
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 100)
        admit_recordings(conn, "ip:b", 100)
        before = keys_of(conn, "ip:a")
        claimed = must_claim(conn)
        correct_seconds(conn, claimed, "ip:a", 15.0)
        assert keys_of(conn, "ip:a") == before[1:]
        correct_seconds(conn, claimed, "ip:a", 25.0)

        assert keys_of(conn, "ip:a") == [key + 15.0 for key in before[1:]]


def test_who_lost_a_recording_says_nothing_of_its_length_any_more(database: Database) -> None:
    """Another has it, and knows better; what the first had heard of it so far is less than it is."""
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 1)
        lost = must_claim(conn)
        record_failure(conn, FILES, lost, decide(GiveBack(), 0, 3))
        claimed = must_claim(conn)
        note_duration(conn, claimed, "ip:a", 100.0)
        before = conn.execute(text("select cost, duration_seconds from smelt_files")).one()
    for late in (note_duration, correct_seconds):
        with pytest.raises(LostLease), database.service() as conn:
            late(conn, lost, "ip:a", 5.0)
    with database.service() as conn:
        assert conn.execute(text("select cost, duration_seconds from smelt_files")).one() == before


def test_what_another_transaction_holds_is_passed_over(database: Database) -> None:
    """Whoever cancels or claims a waiting file holds its row: moving the others must not wait for that one."""
    with database.service() as conn:
        admit_recordings(conn, "ip:liar", 20)
        admit_recordings(conn, "ip:other", 20)
        claimed = must_claim(conn)
    with database.service() as holder:
        held = holder.execute(
            text(
                "select id from smelt_files where status = 'pending' order by fair_key desc limit 1 for update"
            )
        ).scalar_one()
        with database.service() as conn:
            conn.execute(text("set local lock_timeout = '2s'"))
            note_duration(conn, claimed, "ip:liar", 1_000.0)
            moved = conn.execute(
                text("select count(*) from smelt_files where status = 'pending' and fair_key > 900")
            ).scalar_one()
        assert held is not None
    assert moved >= 18


def test_short_work_is_claimed_apart_in_the_fair_order(database: Database) -> None:
    long = SHORT_SECONDS * 2
    with database.service() as conn:
        admit_recordings(conn, "ip:long", 5, seconds=long)
        admit_recordings(conn, "ip:a", 2)
        admit_recordings(conn, "ip:b", 2)

        served = [must_claim(conn, only_short=True) for _ in range(4)]
        assert [tenant_of(conn, claim) for claim in served] == ["ip:a", "ip:b", "ip:a", "ip:b"]
        assert [claim.more for claim in served] == [True, True, True, False]
        assert claim_next(conn, FILES, 30, only_short=True) is None
        assert tenant_of(conn, must_claim(conn)) == "ip:long"


def test_one_that_turns_out_long_is_short_work_no_more(database: Database) -> None:
    with database.service() as conn:
        admit_recordings(conn, "ip:a", 1)
        claimed = must_claim(conn, only_short=True)
        note_duration(conn, claimed, "ip:a", SHORT_SECONDS * 2)
        record_failure(conn, FILES, claimed, decide(GiveBack(), 0, 3))

        assert claim_next(conn, FILES, 30, only_short=True) is None
        again = must_claim(conn)
        assert (again.id, again.attempt, again.failures) == (claimed.id, 2, 0)


def test_short_work_is_found_without_looking_at_the_long_before_it(
    database: Database, owner_url: str
) -> None:
    """By the rows that Postgres has read from the index, among 20,000 with smaller finish times."""
    claims = 20
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            """
            insert into smelts (id, tenant, usage_date, tier, mode, content_key, content_ttl_seconds,
                content_expires_at)
            values (gen_random_uuid(), 'ip:a', current_date, 'anonymous', 'separate', 'k', 60, now())
            """
        )
        owner.execute(
            """
            insert into smelt_files (id, smelt_id, position, input_type, media_type, filename, size_bytes, status,
                fair_key, cost)
            select gen_random_uuid(), smelts.id, n, 'audio', 'wav', 'a.wav', 1, 'pending', n,
                case when n > 20000 then 10 else 3600 end
            from smelts, generate_series(1, 20000 + %s) n
            """,
            [claims],
        )
        owner.execute("vacuum analyze smelt_files")
        for _ in range(claims):
            with database.service() as conn:
                must_claim(conn, only_short=True)
                conn.execute(text("select pg_stat_force_next_flush()"))
        read: dict[str, int] = dict(
            owner.execute(
                """
                select indexrelname, idx_tup_read from pg_stat_user_indexes
                where indexrelname in ('smelt_files_claim', 'smelt_files_claim_short')
                """
            ).fetchall()
        )
    assert read["smelt_files_claim"] == 0
    assert 0 < read["smelt_files_claim_short"] < 100 * claims  # each passes over those claimed just before


def test_what_counts_as_short_is_the_same_in_the_index(database: Database) -> None:
    with database.service() as conn:
        definition = conn.execute(
            text("select indexdef from pg_indexes where indexname = 'smelt_files_claim_short'")
        ).scalar_one()
    assert f"(cost <= ({SHORT_SECONDS:g})::double precision)" in definition
    assert recording_cost(SHORT_SECONDS - 1) <= SHORT_SECONDS
