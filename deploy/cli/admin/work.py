"""Pieces of work, leases, workers and acts, as tables or as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from db.admin.actions import list_actions
from db.admin.details import Row, find_smelt_of, get_details
from db.admin.work_list import Listed, WorkFilter, list_work
from db.admin.workers import list_leases, list_workers
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import UNDONE, age, lasting, print_objects
from deploy.client.output import print_table, say


def show_work(desk: Desk, wanted: WorkFilter, limit: int, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_work(conn, wanted, limit)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_table(("id", "of", "state", "code", "tries", "age"), map(_listed, found), numbers=("tries", "age"))


def _listed(one: Listed) -> tuple[object, ...]:
    state = f"{one.status}: {one.waiting_for}" if one.waiting_for else one.status
    return (one.id, one.smelt_id or one.job, state, one.error_code or "", one.attempt, age(one.created_at))


def inspect(desk: Desk, given: UUID, *, as_json: bool) -> int:
    """Returns the exit code."""
    with desk.database.service() as conn:
        smelt_id = find_smelt_of(conn, given)
        found = None if smelt_id is None else get_details(conn, smelt_id)
    if found is None:
        say(f"there is no smelt, part or webhook {given}")
        return UNDONE
    if as_json:
        print_objects([found])
        return 0
    for kind, rows in found.items():
        for row in [rows] if isinstance(rows, Mapping) else rows:
            print_table(("", ""), _block(kind, row))
    return 0


def _block(kind: str, row: Row) -> list[tuple[str, Any]]:
    """What is known of it; what isn't set is left out."""
    name = kind if kind == "smelt" else {"files": "file", "outputs": "output", "deliveries": "webhook"}[kind]
    return [(name, row["id"])] + [
        (title, value) for title, value in row.items() if title != "id" and value not in (None, "")
    ]


def show_leases(desk: Desk, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_leases(conn)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_table(
        ("id", "queue", "try", "done", "left", "worker"),
        (
            (
                one.id,
                one.queue,
                one.attempt,
                f"{one.progress:.0%}",
                lasting(one.seconds_left),
                one.worker or "?",
            )
            for one in found
        ),
        numbers=("try", "done", "left"),
    )


def show_workers(desk: Desk, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_workers(conn)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_table(
        ("host", "pid", "queue", "alive", "up", "runs"),
        (
            (
                one.host,
                one.pid,
                one.queue,
                "yes" if one.alive else f"silent for {age(one.seen_at)}",
                age(one.started_at),
                " ".join(f"{running.id} ({age(running.since)})" for running in one.running) or "-",
            )
            for one in found
        ),
        numbers=("pid", "up"),
    )


def show_actions(desk: Desk, limit: int, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_actions(conn, limit)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_table(
        ("at", "who", "did", "to", "count"),
        (
            (
                f"{one.created_at:%Y-%m-%d %H:%M}",
                f"{one.operator}@{one.host}",
                one.command,
                " ".join(
                    [*([one.tenant] if one.tenant else []), *(f"{k}={v}" for k, v in one.filter.items())]
                ),
                one.count,
            )
            for one in found
        ),
        numbers=("count",),
    )
