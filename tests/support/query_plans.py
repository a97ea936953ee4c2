"""How Postgres carries a query out, and how much it reads for that."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Plan:
    """`rows`: read from tables and indexes, those passed over included."""

    nodes: list[dict[str, Any]]
    milliseconds: float

    @property
    def scans(self) -> set[str]:
        """Each table scan: what kind, and along which index."""
        return {
            f"{node['Node Type']} {node.get('Index Name', '')}".strip()
            for node in self.nodes
            if "Relation Name" in node
        }

    @property
    def rows(self) -> int:
        return sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            for node in self.nodes
            if "Relation Name" in node
        )


def carried_out(conn: Connection, query: str, values: dict[str, object]) -> Plan:
    """Runs the query."""
    document = conn.execute(text(f"explain (analyze, format json) {query}"), values).scalar_one()
    return Plan(list(_nodes(document[0]["Plan"])), document[0]["Execution Time"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)
