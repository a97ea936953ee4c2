"""Every move of every part, and every end of a smelt, as Postgres saw it: which process made it, and when.

Written by triggers of the test's own, so nothing that happens between two looks is missed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from tests.faults.chaos.world import World

SCHEMA = """
create schema chaos;
create table chaos.moves (
    number bigint generated always as identity primary key,
    part text not null, smelt text not null, queue text not null, before text not null, after text not null,
    attempt integer not null, failures integer not null, process integer, at double precision not null,
    lease double precision, due double precision
);
create function chaos.note_move() returns trigger language plpgsql security definer as $$
begin
    insert into chaos.moves (part, smelt, queue, before, after, attempt, failures, process, at, lease, due)
    values (new.id, new.smelt_id, tg_argv[0], old.status, new.status, new.attempt, new.failures,
        cast(substring(current_setting('application_name') from '^smelt worker .* ([0-9]+)$') as integer),
        extract(epoch from clock_timestamp()), extract(epoch from old.lease_until), extract(epoch from new.run_at));
    return null;
end $$;
create trigger note_move after update on smelt_files for each row
    when (old.status <> new.status or old.attempt <> new.attempt) execute function chaos.note_move('transcribe');
create trigger note_move after update on smelt_outputs for each row
    when (old.status <> new.status or old.attempt <> new.attempt) execute function chaos.note_move('synthesize');
create table chaos.ends (smelt text not null, status text not null, at double precision not null);
create function chaos.note_end() returns trigger language plpgsql security definer as $$
begin
    insert into chaos.ends values (new.id, new.status, extract(epoch from clock_timestamp()));
    return null;
end $$;
create trigger note_end after update on smelts for each row
    when (old.finished_at is null and new.finished_at is not null) execute function chaos.note_end();
"""


@dataclass(frozen=True, slots=True)
class Move:
    """`attempt` and `failures`: after it. `process`: the worker that made it; None: somebody else did.

    `at`: seconds of the machine's clock. `lease`: when the lease ended that the part was under before. `due`: when it
    is to run again.
    """

    part: str
    smelt: str
    queue: str
    before: str
    after: str
    attempt: int
    failures: int
    process: int | None
    at: float
    lease: float | None
    due: float | None

    @property
    def claims(self) -> bool:
        return self.after == "processing"


@dataclass(frozen=True, slots=True)
class Held:
    """A part that a worker held when it died, and what became of it next (None: nothing yet)."""

    claim: Move
    died: float
    next: Move | None

    @property
    def seconds(self) -> float:
        """From the worker's death, or a claim that reached Postgres after it, until somebody else took the part."""
        return 0.0 if self.next is None else self.next.at - max(self.died, self.claim.at)


class Ledger:
    """Of a world that has just been started."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.execute(SCHEMA)

    def moves(self) -> list[Move]:
        """In the order in which they were made; those of one part follow one another."""
        rows = self._world.query(
            """
            select part, smelt, queue, before, after, attempt, failures, process, at, lease, due
            from chaos.moves
            order by part, number
            """
        )
        return [Move(*row) for row in rows]  # type: ignore[arg-type]

    def ends(self) -> list[tuple[object, ...]]:
        """(smelt, status, at) of each."""
        return self._world.query("select smelt, status, at from chaos.ends order by at")

    def has_claimed(self, processes: Iterable[int]) -> bool:
        """Whether one of these workers has taken a part."""
        [(count,)] = self._world.query(
            "select count(*) from chaos.moves where after = 'processing' and process = any(%s)",
            list(processes),
        )
        return count != 0


def held(moves: Iterable[Move], deaths: Mapping[int, float]) -> list[Held]:
    """What workers held as they died. `moves`: as from `Ledger.moves`. `deaths`: process → when it was killed."""
    found = []
    for _, group in groupby(moves, key=lambda move: move.part):
        mine = list(group)
        for place, move in enumerate(mine):
            died = deaths.get(move.process or 0)
            if died is None or not move.claims:
                continue
            after = mine[place + 1] if place + 1 < len(mine) else None
            if after is None or (after.at > died and after.process != move.process):
                found.append(Held(move, died, after))
    return found
