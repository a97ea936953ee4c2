"""What a page of the list costs: among 200,000 smelts of one user, and when each on it has 1,000 files."""

import time

import psycopg

from tests.benchmarks.harness import Client, bench_service

SMELTS = 200_000
LARGE, FILES = 100, 1_000


def measure() -> None:
    with bench_service(transcribe_slots=1, synthesize_slots=1) as bench, bench.client("ada") as ada:
        ada.http.get("/v1/profile").raise_for_status()
        with psycopg.connect(bench.service.owner_url, autocommit=True) as owner:
            owner.execute("set role service_role")
            _fill(owner, SMELTS, 1, "completed", "2 days")
            owner.execute("analyze")
            small, last = _page(ada), _page(ada, created_before=_oldest(owner))
            _fill(owner, LARGE, FILES, "synthesizing", "1 day")
            owner.execute("analyze")
            large = _page(ada)
    print(
        f"a page of 100 among {SMELTS:,} smelts: newest {small:.1f} ms, oldest {last:.1f} ms; "
        f"of smelts with {FILES:,} files each: {large:.1f} ms"
    )


def _fill(owner: psycopg.Connection, smelts: int, files: int, status: str, age: str) -> None:
    """Ada's, a second apart, each file with one output. Those that haven't ended wait for what never comes."""
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
                now() - current_setting('smelt.age')::interval - n * interval '1 second',
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


def _oldest(owner: psycopg.Connection) -> str:
    row = owner.execute("select min(created_at) + interval '2 minutes' from smelts").fetchone()
    assert row is not None
    return str(row[0].isoformat())


def _page(client: Client, **params: str) -> float:
    """Median milliseconds of five looks."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        page = client.http.get("/v1/smelts", params={"limit": "100", **params}).raise_for_status().json()
        times.append((time.perf_counter() - begun) * 1e3)
        assert len(page["items"]) == 100
    return sorted(times)[2]


if __name__ == "__main__":
    measure()
