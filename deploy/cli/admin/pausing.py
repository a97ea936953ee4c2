"""Pausing, resuming and draining a queue or a tenant."""

import time
from dataclasses import dataclass

from db.admin.actions import Act, record
from db.admin.queues import count_running
from db.work.held_work import carry_out, hold_whole_tenant
from db.work.holds import OF_TENANTS, hold_queue, hold_tenant, list_holds, release_queue, release_tenant
from db.work.tables import BY_QUEUE
from deploy.cli.admin.desk import Desk
from deploy.cli.admin.shown import UNDONE
from deploy.client.output import say

LOOK_SECONDS = 0.5  # between two looks at what runs


@dataclass(frozen=True, slots=True)
class Target:
    """A queue, or a tenant."""

    queue: str | None
    tenant: str | None

    @property
    def name(self) -> str:
        return self.queue or self.tenant or ""

    def act(self, command: str) -> Act:
        return Act(command, {"queue": self.queue} if self.queue else {}, self.tenant)


def pause(desk: Desk, target: Target, command: str = "pause") -> int:
    """Returns the exit code. `command`: by which it is recorded."""
    hold = hold_tenant if target.queue is None else hold_queue
    with desk.database.service() as conn:
        new = hold(conn, target.name)
        record(conn, desk.operator, target.act(command), int(new))
    if target.tenant is not None:
        waiting = hold_whole_tenant(desk.database.service, target.tenant)
        say(f"{waiting} smelts and webhooks of {target.name} wait from now on")
    say(f"{target.name} is paused" if new else f"{target.name} was paused already")
    return 0 if new else UNDONE


def resume(desk: Desk, target: Target) -> int:
    """Returns the exit code. What an earlier command has left half done is done too."""
    release = release_tenant if target.queue is None else release_queue
    with desk.database.service() as conn:
        was = release(conn, target.name)
        record(conn, desk.operator, target.act("resume"), int(was))
        released = [one for one in list_holds(conn) if one.tenant == target.name and one.moves is not None]
    for one in released:
        back = carry_out(desk.database.service, one)
        say(f"{back} smelts and webhooks of {target.name} go on")
    for queue in [target.queue] if target.queue else [table.queue for table in OF_TENANTS]:
        desk.notify(queue)
    say(f"{target.name} is no longer paused" if was else f"{target.name} wasn't paused")
    return 0 if was else UNDONE


def drain(desk: Desk, target: Target, within: float) -> int:
    """Pauses, and waits. Tells how much runs, whenever that changes. Returns the exit code."""
    pause(desk, target, "drain")
    tables = [BY_QUEUE[target.queue]] if target.queue else OF_TENANTS
    give_up, told = time.monotonic() + within, -1
    while True:
        with desk.database.service() as conn:
            running = sum(count_running(conn, table, target.tenant) for table in tables)
        if running == 0:
            say(f"nothing of {target.name} runs; `smelt admin resume` lets it go on")
            return 0
        if running != told:
            say(f"{running} running")
            told = running
        if time.monotonic() >= give_up:
            say(f"{running} running even after {within:g} s; {target.name} stays paused")
            return UNDONE
        time.sleep(LOOK_SECONDS)
