"""All rows at one moment, as they stand in Postgres."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Rows = dict[str, Row]

PARTS = ("smelt_files", "smelt_outputs")
WORK = (*PARTS, "webhook_deliveries", "schedule_runs")
TERMINAL = ("completed", "failed", "canceled")

READ = "select " + ", ".join(
    f"(select coalesce(json_agg(r), '[]') from {table} r)"
    for table in ("smelts", *WORK, "user_profiles", "anonymous_usage", "fair_tenants")
)


@dataclass(frozen=True)
class Snapshot:
    """Rows by id. `usage`: of the one address, over its days."""

    smelts: Rows
    work: dict[str, Rows]
    profiles: Rows
    usage: tuple[int, int]
    tags: list[float]

    @classmethod
    def of(cls, found: list[tuple[Any, ...]]) -> "Snapshot":
        """What `READ` has found."""
        ((smelts, *work, profiles, usage, tenants),) = found
        return cls(
            {row["id"]: row for row in smelts},
            {name: {row["id"]: row for row in rows} for name, rows in zip(WORK, work, strict=True)},
            {row["user_id"]: row for row in profiles},
            (sum(row["count"] for row in usage), sum(row["given_back"] for row in usage)),
            [row["last_tag"] for row in tenants],
        )

    def parts(self, smelt_id: str) -> list[Row]:
        return [row for table in PARTS for row in self.work[table].values() if row["smelt_id"] == smelt_id]

    def has_result(self, smelt_id: str) -> bool:
        """A completed output, or where no prompt was asked for a transcript."""
        files, outputs = (
            [row for row in self.work[table].values() if row["smelt_id"] == smelt_id] for table in PARTS
        )
        if outputs:
            return any(row["status"] == "completed" for row in outputs)
        return any(row["status"] == "completed" and row["input_type"] == "audio" for row in files)

    def unfinished(self) -> Iterator[Row]:
        """Work that hasn't ended, of any kind."""
        for table in WORK:
            yield from (row for row in self.work[table].values() if row["status"] not in TERMINAL)


def ended(smelt: Row) -> bool:
    return smelt["status"] in TERMINAL
