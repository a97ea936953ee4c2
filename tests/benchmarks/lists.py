"""What a page of the list costs: of 1,000 smelts of one user and of 1,000,000, for every filter that there is, and how
Postgres carries that out; and what it costs when each smelt on it has 1,000 files."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

import psycopg

from db.session import Database
from db.smelts.reads import SmeltFilter, page_query
from pipeline.states import SmeltMode, SmeltStatus
from tests.benchmarks.harness import Client, bench_service
from tests.support.query_plans import carried_out

FEW, MANY = 1_000, 1_000_000
RARE = 10  # failed ones, and others in `combine`: the oldest
LARGE, FILES = 100, 1_000
LOOKS = 20
PAGE = 100


def measure() -> None:
    with bench_service(transcribe_slots=1, synthesize_slots=1) as bench, bench.client("ada") as ada:
        ada.http.get("/v1/profile").raise_for_status()
        database = Database(bench.service.settings.need("database_url"))
        with psycopg.connect(bench.service.owner_url, autocommit=True) as owner:
            owner.execute("set role service_role")
            for smelts in (FEW, MANY - FEW):
                begun = time.perf_counter()
                _fill(
                    owner,
                    smelts,
                    1 if smelts == FEW else 0,
                    "completed",
                    "2 days" if smelts == FEW else "3 days",
                )
                _make_rare(owner)
                _analyze(owner)
                count = smelts if smelts == FEW else MANY
                print(f"{count:,} smelts of one user (made in {time.perf_counter() - begun:.0f} s)")
                _measure_filters(owner, database, ada, by_index=count == MANY)
            _fill(owner, LARGE, FILES, "synthesizing", "1 day")
            _analyze(owner)
            large = _at(_looks(ada, "/v1/smelts", 5, limit=str(PAGE)), 0.5)
        database.close()
    print(f"a page of {PAGE} smelts with {FILES:,} files each: {large:.1f} ms")


def _measure_filters(owner: psycopg.Connection, database: Database, ada: Client, *, by_index: bool) -> None:
    """Prints each filter's times and scans. `by_index`: fails if a page reads more than its walks along the index."""
    row = owner.execute(
        "select user_id, min(created_at), max(created_at) from smelts group by user_id"
    ).fetchone()
    assert row is not None
    user, oldest, newest = row
    middle = oldest + (newest - oldest) / 2
    times: list[float] = []
    others: list[float] = []
    for wanted in _filters(user, middle):
        with database.service() as conn:
            plan = carried_out(conn, *page_query(wanted))
        walks = (1 if wanted.status else len(SmeltStatus)) * (1 if wanted.mode else len(SmeltMode))
        if by_index:
            assert plan.scans == {"Index Only Scan smelts_list"}, plan.scans
            assert plan.rows <= walks * wanted.limit, plan.rows
        looks = _looks(ada, "/v1/smelts", LOOKS, limit=str(PAGE), **_params(wanted))
        times += looks
        others += _looks(ada, "/v1/profile", LOOKS)
        print(
            f"  {_named(wanted):<58} median {_at(looks, 0.5):5.1f} ms, 99th percentile {_at(looks, 0.99):5.1f} ms; "
            f"found in {plan.milliseconds:.2f} ms: {plan.rows} rows by {', '.join(plan.scans)}"
        )
    print(
        f"  all: median {_at(times, 0.5):.1f} ms, 99th percentile {_at(times, 0.99):.1f} ms; GET /v1/profile "
        f"beside them: median {_at(others, 0.5):.1f} ms, 99th percentile {_at(others, 0.99):.1f} ms"
    )


def _filters(user: UUID, middle: datetime) -> Sequence[SmeltFilter]:
    """The frequent and the rare, from the newest and from the middle; a cursor is a `created_before` with an id."""
    return [
        SmeltFilter(
            user_id=user, limit=PAGE + 1, status=status, mode=mode, created_after=after, created_before=before
        )
        for status, mode, (after, before) in product(
            (None, SmeltStatus.COMPLETED, SmeltStatus.FAILED),
            (None, *SmeltMode),
            ((None, None), (middle, None), (None, middle), (middle - timedelta(hours=1), middle)),
        )
    ]


def _params(wanted: SmeltFilter) -> dict[str, str]:
    values = {
        "status": wanted.status,
        "mode": wanted.mode,
        "created_after": wanted.created_after and wanted.created_after.isoformat(),
        "created_before": wanted.created_before and wanted.created_before.isoformat(),
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def _named(wanted: SmeltFilter) -> str:
    times = [name for name in ("created_after", "created_before") if getattr(wanted, name) is not None]
    return " ".join([*filter(None, (wanted.status, wanted.mode)), *times]) or "no filter"


def _make_rare(owner: psycopg.Connection) -> None:
    """So that a walk past all others to find them takes its time."""
    for change in ("status = 'failed', error_code = 'nothing_completed'", "mode = 'combine'"):
        owner.execute(
            f"""
            update smelts set {change} where id in (
                select id from smelts where status = 'completed' and mode = 'separate'
                order by created_at limit {RARE}
            )
            """
        )


def _fill(owner: psycopg.Connection, smelts: int, files: int, status: str, age: str) -> None:
    """Ada's, a tenth of a second apart, each file with one output. Unless they have ended they wait for ever."""
    ended = status == "completed"
    owner.execute("select set_config('smelt.age', %s, false)", [age])
    owner.execute(
        f"""
        with ada as (select user_id from user_profiles limit 1),
        made as (
            insert into smelts (id, user_id, tenant, tier, mode, status, content_ttl_seconds, content_expires_at,
                content_key, content_deleted_at, usage_date, created_at, finished_at)
            select gen_random_uuid(), user_id, 'user:' || user_id, 'own_key', 'separate', '{status}', 60,
                now() + interval '1 day', {"null, now()" if ended else "'x', null"}, current_date,
                now() - current_setting('smelt.age')::interval - n * interval '0.1 second',
                {"now()" if ended else "null"}
            from ada, generate_series(1, {smelts}) n returning id
        ),
        parts as (
            insert into smelt_files (id, smelt_id, position, input_type, filename, size_bytes, status, finished_at)
            select gen_random_uuid(), id, n, 'text', 'a.txt', 1, 'completed', now()
            from made, generate_series(0, {files} - 1) n returning id, smelt_id, position
        )
        insert into smelt_outputs (id, smelt_id, file_id, position, default_prompt_name, is_user_prompt,
            status, finished_at)
        select gen_random_uuid(), smelt_id, id, position, 'summarize', false,
            '{"completed" if ended else "waiting"}', {"now()" if ended else "null"}
        from parts
        """
    )


def _analyze(owner: psycopg.Connection) -> None:
    """As autovacuum does in time. The service's role may not."""
    owner.execute("reset role")
    owner.execute("analyze")
    owner.execute("set role service_role")


def _looks(client: Client, path: str, count: int, **params: str) -> list[float]:
    """Milliseconds of each, the shortest first."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        client.http.get(path, params=params).raise_for_status()
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


if __name__ == "__main__":
    measure()
