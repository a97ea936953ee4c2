"""How much there is of each queue, and what is paused: once, and as a live view."""

import time
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.live import Live
from rich.table import Table

from db.admin.queues import QueueState, list_queues
from db.admin.workers import SeenWorker, list_workers
from db.work.holds import Hold, list_holds
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import age, print_lines, print_objects

COLUMNS = ("queue", "ready", "running", "later", "held", "oldest", "paused")
NUMBERS = COLUMNS[1:5]
HELD_COLUMNS = ("held tenant", "since")
OUTAGE_COLUMNS = ("queue", "waits for", "parts", "since")


def show_queues(desk: Desk, *, as_json: bool) -> None:
    with desk.database.service() as conn:
        states, tenants = list_queues(conn), held_tenants(list_holds(conn))
    if as_json:
        print_objects(map(asdict, states))
        print_objects({"tenant": one.tenant, "paused_at": one.created_at} for one in tenants)
        return
    print_lines(COLUMNS, map(row, states), numbers=NUMBERS)
    if found := outages(states):
        print()
        print_lines(OUTAGE_COLUMNS, found, numbers=("parts",))
    if tenants:
        print()
        print_lines(HELD_COLUMNS, ((one.tenant, age(one.created_at)) for one in tenants))


def held_tenants(holds: Sequence[Hold]) -> list[Hold]:
    return [hold for hold in holds if hold.tenant is not None and hold.moves is None]


def outages(states: Sequence[QueueState]) -> list[tuple[object, ...]]:
    return [
        (one.queue, what, outage.parts, age(outage.since))
        for one in states
        for what, outage in one.outages.items()
    ]


def row(state: QueueState) -> tuple[object, ...]:
    numbers = (state.ready, state.running, state.due_later, state.held)
    return (state.queue, *numbers, age(state.oldest), age(state.paused_at))


def top(desk: Desk, every: float, rounds: int | None = None) -> None:
    """Queues, held tenants and workers, anew every so many seconds until Ctrl-C; once, where stdout is no terminal."""
    console = Console()
    if not console.is_terminal:
        rounds = 1
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while rounds is None or rounds > 0:
            with desk.database.service() as conn:
                seen = list_queues(conn), held_tenants(list_holds(conn)), list_workers(conn)
            live.update(_screen(*seen), refresh=True)
            rounds = None if rounds is None else rounds - 1
            if rounds != 0:
                time.sleep(every)


def _screen(states: Sequence[QueueState], holds: Sequence[Hold], workers: Sequence[SeenWorker]) -> Table:
    whole = Table.grid()
    whole.add_row(_table(COLUMNS, [row(state) for state in states]))
    if away := outages(states):
        whole.add_row(_table(OUTAGE_COLUMNS, away))
    if holds:
        whole.add_row(_table(HELD_COLUMNS, [(one.tenant, age(one.created_at)) for one in holds]))
    whole.add_row(
        _table(
            ("worker", "pid", "queue", "up", "seen", "running"),
            [
                (one.host, one.pid, one.queue, age(one.started_at), age(one.seen_at), len(one.running))
                for one in workers
            ],
        )
    )
    return whole


def _table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    table = Table()
    for title in titles:
        table.add_column(title, justify="right" if title in (*NUMBERS, "pid") else "left")
    for line in rows:
        table.add_row(*map(str, line))
    return table
