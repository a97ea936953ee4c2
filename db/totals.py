"""What a list tells of each smelt's parts, without reading the parts: a page may have a hundred thousand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.smelt import Smelt, Totals

# The same sums as `Smelt.totals`. The files of a smelt that has ended add nothing.
_TOTALS = text(
    """
    with parts as (
        select smelt_id, status, progress, null::bigint as input_tokens, null::bigint as output_tokens
        from smelt_files where smelt_id = any (:unfinished)
        union all
        select smelt_id, status, progress, input_tokens, output_tokens
        from smelt_outputs where smelt_id = any (:ids)
    )
    select smelt_id,
        avg(case when status in ('completed', 'failed', 'canceled') then 1.0 else progress end) as progress,
        coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens
    from parts group by smelt_id
    """
)


def find_totals(conn: Connection, smelts: Sequence[Smelt]) -> dict[UUID, Totals]:
    """By smelt. For the service role, as the policies would look each part's smelt up; locks nothing."""
    ended = {smelt.id for smelt in smelts if smelt.status.terminal}
    ids = [smelt.id for smelt in smelts]
    rows = conn.execute(_TOTALS, {"ids": ids, "unfinished": [id_ for id_ in ids if id_ not in ended]})
    found = {row.smelt_id: row for row in rows}
    return {
        id_: Totals(
            progress=1.0 if id_ in ended else round(float(found[id_].progress), 4),
            input_tokens=int(found[id_].input_tokens) if id_ in found else 0,
            output_tokens=int(found[id_].output_tokens) if id_ in found else 0,
        )
        for id_ in ids
    }
