"""What a list tells of each smelt's parts, without reading the parts: a page may have a hundred thousand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from pipeline.smelt import MOST_UNFINISHED, Smelt, Totals
from pipeline.states import SmeltStatus

# The same sums as `Smelt.totals`. The files of a smelt that has completed add nothing. Each smelt is summed by itself,
# so that its parts are found by index whatever Postgres believes of all: after a burst it may not have counted them.
_TOTALS = cached_text(
    f"""
    select smelt.id, sums.*
    from unnest(cast(:ids as uuid[]), cast(:completed as boolean[]), cast(:working as boolean[]))
        smelt (id, completed, working),
    lateral (
        select avg(case
                when status = 'completed' or (smelt.working and status in ('failed', 'canceled')) then 1.0
                else least(progress, {MOST_UNFINISHED})
            end) as progress,
            coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens
        from (
            select status, progress, null::bigint as input_tokens, null::bigint as output_tokens
            from smelt_files where smelt_id = smelt.id and not smelt.completed
            union all
            select status, progress, input_tokens, output_tokens from smelt_outputs where smelt_id = smelt.id
        ) parts
    ) sums
    """
)


def find_totals(conn: Connection, smelts: Sequence[Smelt]) -> dict[UUID, Totals]:
    """By smelt. For the service role, as the policies would look each part's smelt up; locks nothing."""
    rows = conn.execute(
        _TOTALS,
        {
            "ids": [smelt.id for smelt in smelts],
            "completed": [smelt.status is SmeltStatus.COMPLETED for smelt in smelts],
            "working": [not smelt.status.terminal for smelt in smelts],
        },
    )
    found = {row.id: row for row in rows}
    return {
        smelt.id: Totals(
            # Without parts it was deleted since it was listed
            progress=1.0
            if smelt.status is SmeltStatus.COMPLETED
            else round(float(found[smelt.id].progress or 0), 4),
            input_tokens=int(found[smelt.id].input_tokens),
            output_tokens=int(found[smelt.id].output_tokens),
        )
        for smelt in smelts
    }
