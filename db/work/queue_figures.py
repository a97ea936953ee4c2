"""The state of the queues in figures, for metrics: counts alone, of no tenant. Nothing here locks.

Each query walks partial indexes of what isn't ended, so it takes as long as there is work, not as long as there was.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import WorkTable, is_open
from db.work.schedules import RUNS
from db.work.tables import TABLES


@dataclass(slots=True)
class QueueFigures:
    """Of one queue and tier. `oldest`: seconds for which the one that has been ready the longest has been."""

    ready: int = 0
    oldest: float = 0.0
    running: int = 0
    waiting: int = 0  # for their time


@dataclass(slots=True)
class OutageFigures:
    """Of what is away. `parts`: that wait for it; `seconds`: for how long the one that has waited longest has."""

    parts: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Figures:
    """`queues`: by queue and tier, "" where rows have none. `outages`: by what is away."""

    queues: dict[tuple[str, str], QueueFigures] = field(default_factory=dict)
    outages: dict[str, OutageFigures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Seconds for which the longest overdue of a kind has been, 0 where none is."""

    leases: float
    due: float
    content: float
    smelts: int  # whose content is overdue


def read_queues(conn: Connection) -> Figures:
    """One query for each table of work."""
    figures = Figures()
    for table in TABLES:
        for row in conn.execute(cached_text(_query(table))):
            own = figures.queues.setdefault((table.queue, row.tier), QueueFigures())
            match row.state:
                case "ready":
                    own.ready += row.number
                    own.oldest = max(own.oldest, row.oldest)
                case "running":
                    own.running += row.number
                case "waiting":
                    own.waiting += row.number
            if row.waiting_for is not None:
                outage = figures.outages.setdefault(row.waiting_for, OutageFigures())
                outage.parts += row.number
                outage.seconds = max(outage.seconds, row.waited)
    return figures


def read_overdue(conn: Connection) -> Overdue:
    """Reads the heads of a few indexes."""
    row = conn.execute(cached_text(_OVERDUE)).one()
    return Overdue(row.leases, row.due, row.content, row.smelts)


def read_content_bytes(conn: Connection) -> int:
    """Of the inputs whose content isn't deleted yet. Reads a row for each of them."""
    sql = """
        select coalesce(sum(f.size_bytes), 0) from smelts s join smelt_files f on f.smelt_id = s.id
        where s.content_key is not null
    """
    return int(conn.execute(cached_text(sql)).scalar_one())


def _query(table: WorkTable) -> str:
    """A branch for each state, in the words of its partial index. A queue that an operator holds has nothing ready."""
    smelt = "null::uuid" if table is RUNS else "smelt_id"
    tier = "''" if table is RUNS else "smelts.tier::text"
    join = "" if table is RUNS else "join smelts on smelts.id = work.smelt_id"
    return f"""
        select {tier} as tier, state, waiting_for::text, count(*) as number,
            greatest(0, coalesce(extract(epoch from now() - min(since)), 0))::float8 as oldest,
            greatest(0, coalesce(extract(epoch from now() - min(outage_since)), 0))::float8 as waited
        from (
            select {smelt} as smelt_id, 'ready' as state, waiting_for, outage_since, updated_at as since
            from {table.name}
            where status = 'pending' and {is_open(table)}
            union all
            select {smelt}, 'running', waiting_for, outage_since, null from {table.name}
            where status = 'processing'
            union all
            select {smelt}, 'waiting', waiting_for, outage_since, null from {table.name}
            where status = 'waiting' and run_at is not null
        ) work {join}
        group by 1, 2, 3
    """


def _oldest(column: str, status: str) -> str:
    """Over all tables of work: how long ago the smallest of a column was."""
    least = ", ".join(
        f"(select min({column}) from {table.name} where status = '{status}' and {column} is not null)"
        for table in TABLES
    )
    return f"greatest(0, coalesce(extract(epoch from now() - least({least})), 0))::float8"


_OVERDUE = f"""
    select {_oldest("lease_until", "processing")} as leases, {_oldest("run_at", "waiting")} as due,
        greatest(0, coalesce(extract(epoch from now() - (
            select min(content_expires_at) from smelts where content_key is not null
        )), 0))::float8 as content,
        (select count(*) from smelts where content_key is not null and content_expires_at <= now()) as smelts
"""
