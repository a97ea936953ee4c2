"""Pieces of work, leases, workers and acts, as tables or as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from db.admin.actions import Recorded, list_actions
from db.admin.details import Row, find_smelt_of, get_details
from db.admin.work_list import Listed, WorkFilter, list_work
from db.admin.workers import list_leases, list_workers
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import UNDONE, age, lasting, print_lines, print_objects
from deploy.client.output import say


def show_work(desk: Desk, wanted: WorkFilter, limit: int, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_work(conn, wanted, limit)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_lines(("id", "state", "try", "age"), map(_listed, found), numbers=("try", "age"))


def _listed(one: Listed) -> tuple[object, ...]:
    """The smelt's id, by which it is retried and canceled: `inspect` has the part's. A run has none but its own."""
    why = one.error_code or one.waiting_for or one.job
    return (
        one.smelt_id or one.id,
        f"{one.status}: {why}" if why else one.status,
        one.attempt,
        age(one.created_at),
    )


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
    blocks = [
        _block(kind, row)
        for kind, rows in found.items()
        for row in ([rows] if isinstance(rows, Mapping) else rows)
    ]
    for place, block in enumerate(blocks):
        if place:
            print()
        print_lines(("", ""), block)
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
    print_lines(
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
    """The processes; then what they run."""
    with desk.database.service() as conn:
        found = list_workers(conn)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_lines(
        ("host", "pid", "queue", "alive", "up", "runs"),
        (
            (
                one.host,
                one.pid,
                one.queue,
                "yes" if one.alive else f"silent for {age(one.seen_at)}",
                age(one.started_at),
                len(one.running),
            )
            for one in found
        ),
        numbers=("pid", "up", "runs"),
    )
    running = [(part.id, age(part.since), f"{one.host} {one.pid}") for one in found for part in one.running]
    if running:
        print()
        print_lines(("part", "for", "worker"), running, numbers=("for",))


def show_actions(desk: Desk, limit: int, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        found = list_actions(conn, limit)
    if as_json:
        print_objects(map(asdict, found))
        return
    print_lines(
        ("at", "who", "did", "to", "count"),
        (
            (
                f"{one.created_at:%Y-%m-%d %H:%M}",
                f"{one.operator}@{one.host}",
                one.command,
                _target(one),
                one.count,
            )
            for one in found
        ),
        numbers=("count",),
    )


def _target(one: Recorded) -> str:
    words = [one.tenant] if one.tenant else []
    for name, value in one.filter.items():
        words.append(f"{name}={','.join(value) if isinstance(value, list) else value}")
    return " ".join(words)
