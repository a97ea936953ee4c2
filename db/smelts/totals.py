"""What a list tells of each smelt's parts, without reading the parts: a page may have a hundred thousand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from pipeline.smelt import ALMOST, Smelt, Totals
from pipeline.states import SmeltStatus

NAMES = 4  # of each smelt's files that a list tells

# The same sums as `Smelt.totals`, of each part's `share_done`. The files of a completed smelt add nothing. Each smelt
# is summed by itself, so that its parts are found by index whatever Postgres believes of all: after a burst it may not
# have counted them yet.
_TOTALS = cached_text(
    """
    select smelt.id, sums.*
    from unnest(cast(:ids as uuid[]), cast(:incomplete as boolean[])) smelt (id, incomplete), lateral (
        select avg(case when status = 'completed' then 1.0 else least(progress, :almost) end) as progress,
            coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens
        from (
            select status, progress, null::bigint as input_tokens, null::bigint as output_tokens
            from smelt_files where smelt_id = smelt.id and smelt.incomplete
            union all
            select status, progress, input_tokens, output_tokens from smelt_outputs where smelt_id = smelt.id
        ) parts
    ) sums
    """
)


_NAMES = cached_text(
    """
    select smelt.id, file.filename
    from unnest(cast(:ids as uuid[])) smelt (id), lateral (
        select filename, position from smelt_files where smelt_id = smelt.id order by position limit :most
    ) file
    order by file.position
    """
)


def find_totals(conn: Connection, smelts: Sequence[Smelt]) -> dict[UUID, Totals]:
    """By smelt. For the service role, as the policies would look each part's smelt up; locks nothing."""
    incomplete = [smelt.status is not SmeltStatus.COMPLETED for smelt in smelts]
    values = {"ids": [smelt.id for smelt in smelts], "incomplete": incomplete, "almost": ALMOST}
    rows = conn.execute(_TOTALS, values)
    found = {row.id: row for row in rows}
    return {
        smelt.id: Totals(
            # Without parts it was deleted since it was listed
            progress=smelt.progress_by(float(found[smelt.id].progress or 0)),
            input_tokens=int(found[smelt.id].input_tokens),
            output_tokens=int(found[smelt.id].output_tokens),
        )
        for smelt in smelts
    }


def find_first_names(conn: Connection, smelts: Sequence[Smelt]) -> dict[UUID, list[str]]:
    """The names of each smelt's first files. For the service role; locks nothing."""
    names: dict[UUID, list[str]] = {smelt.id: [] for smelt in smelts}
    for row in conn.execute(_NAMES, {"ids": list(names), "most": NAMES}):
        names[row.id].append(row.filename)
    return names
