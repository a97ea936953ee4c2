"""How long the weekly reset of a million profiles takes, and what admissions feel of it meanwhile."""

import time

import psycopg

from tests.benchmarks.harness import Client, bench_service

PROFILES = 1_000_000
NOTE = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def measure() -> None:
    with bench_service(synthesize_slots=1) as bench, bench.client("ada") as ada:
        quiet = [_post(ada) for _ in range(100)]
        with psycopg.connect(bench.service.owner_url, autocommit=True) as owner:
            owner.execute("set role service_role")
            _fill(owner)
            begun = time.perf_counter()
            owner.execute("delete from schedule_runs")  # the reconciler makes this week's run again
            meanwhile = []
            while _due(owner):
                meanwhile.append(_post(ada))
                time.sleep(0.02)
            seconds = time.perf_counter() - begun
    print(
        f"weekly reset of {PROFILES:,} profiles: {seconds:.1f} s (aim: under 60 s), {len(meanwhile)} posts meanwhile: "
        f"median {_median(meanwhile):.1f} ms, slowest {max(meanwhile):.1f} ms; "
        f"before it: median {_median(quiet):.1f} ms, slowest {max(quiet):.1f} ms"
    )


def _fill(owner: psycopg.Connection) -> None:
    """Profiles whose reset is due, Ada's among them."""
    owner.execute(
        "insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s)", [PROFILES]
    )
    owner.execute(
        """
        insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
        select id, 1, 5, now() - interval '1 hour' from auth.users on conflict do nothing
        """
    )
    owner.execute(
        "update user_profiles set credits_reset_at = now() - interval '1 hour' where credits_remaining > 5"
    )


def _due(owner: psycopg.Connection) -> bool:
    row = owner.execute(
        "select exists (select from user_profiles where credits_reset_at <= now())"
    ).fetchone()
    return row is not None and bool(row[0])


def _post(client: Client) -> float:
    """Milliseconds until the answer."""
    begun = time.perf_counter()
    client.http.post("/v1/smelts", json=NOTE).raise_for_status()
    return (time.perf_counter() - begun) * 1e3


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    measure()
