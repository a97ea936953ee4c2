"""Short outputs are claimed along an index of their own, past any number of long ones."""

from sqlalchemy import Connection, text

from db.session import Database
from db.work.claims import claim_next, count_claimable
from db.work.outputs import OUTPUTS
from pipeline.fairness import SHORT_OUTPUT_SECONDS, synthesis_cost
from tests.support.smelts import admit_all, new_smelt


def costs(conn: Connection) -> list[float]:
    sql = "select cost from smelt_outputs where status = 'processing' order by fair_key"
    return [float(cost) for cost in conn.execute(text(sql)).scalars()]


def test_who_is_kept_for_short_outputs_claims_no_other(database: Database) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(None, texts=4))
        conn.execute(
            text("update smelt_outputs set cost = :long"),
            {"long": SHORT_OUTPUT_SECONDS + 1},
        )
        short = "(select id from smelt_outputs order by fair_key desc limit 2)"
        conn.execute(
            text(f"update smelt_outputs set cost = :short where id in {short}"),
            {"short": SHORT_OUTPUT_SECONDS},
        )
    with database.service() as conn:
        assert count_claimable(conn, OUTPUTS, 10, only_short=True) == 2
        first, second = (claim_next(conn, OUTPUTS, 30, only_short=True) for _ in range(2))
        assert first is not None
        assert second is not None
        assert (first.more, second.more) == (True, False)
        assert claim_next(conn, OUTPUTS, 30, only_short=True) is None
        assert costs(conn) == [SHORT_OUTPUT_SECONDS] * 2
        assert claim_next(conn, OUTPUTS, 30) is not None


def test_the_index_has_the_bound_that_claims_have(database: Database) -> None:
    with database.service() as conn:
        sql = "select indexdef from pg_indexes where indexname = 'smelt_outputs_claim_short'"
        definition = conn.execute(text(sql)).scalar_one()
    assert f"(cost <= ({SHORT_OUTPUT_SECONDS:g})::double precision)" in definition
    assert synthesis_cost(28_000) <= SHORT_OUTPUT_SECONDS < synthesis_cost(28_001)
