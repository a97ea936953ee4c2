"""What a list tells of each smelt's parts, without reading the parts: a page may have a hundred thousand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from pipeline.smelt import Smelt, Totals

# The same sums as `Smelt.totals`. The files of a smelt that has ended add nothing. Each smelt is summed by itself, so
# that its parts are found by index whatever Postgres believes of all: after a burst it may not have counted them yet.
_TOTALS = cached_text(
    """
    select smelt.id, sums.*
    from unnest(cast(:ids as uuid[]), cast(:unfinished as boolean[])) smelt (id, unfinished), lateral (
        select avg(case when status in ('completed', 'failed', 'canceled') then 1.0 else progress end) as progress,
            coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens
        from (
            select status, progress, null::bigint as input_tokens, null::bigint as output_tokens
            from smelt_files where smelt_id = smelt.id and smelt.unfinished
            union all
            select status, progress, input_tokens, output_tokens from smelt_outputs where smelt_id = smelt.id
        ) parts
    ) sums
    """
)


def find_totals(conn: Connection, smelts: Sequence[Smelt]) -> dict[UUID, Totals]:
    """By smelt. For the service role, as the policies would look each part's smelt up; locks nothing."""
    unfinished = [not smelt.status.terminal for smelt in smelts]
    rows = conn.execute(_TOTALS, {"ids": [smelt.id for smelt in smelts], "unfinished": unfinished})
    found = {row.id: row for row in rows}
    return {
        smelt.id: Totals(
            # Without parts it was deleted since it was listed
            progress=1.0 if smelt.status.terminal else round(float(found[smelt.id].progress or 0), 4),
            input_tokens=int(found[smelt.id].input_tokens),
            output_tokens=int(found[smelt.id].output_tokens),
        )
        for smelt in smelts
    }
