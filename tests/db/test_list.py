"""A page of the list costs as much as a page, however many smelts there are and however many parts they have."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from db.session import Database
from db.smelts import SmeltFilter, get_smelt, list_query, list_smelts
from db.totals import find_totals
from pipeline.states import SmeltMode, SmeltStatus
from tests.cast import Cast
from tests.smelts import admit_all, new_smelt, set_credits

MANY = 20_000


@pytest.fixture
def crowded(owner_url: str, cast: Cast) -> None:
    """`MANY` smelts of Ada's and as many of Bob's, one a second."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for user in (cast.ada.id, cast.bob.id):
            owner.execute(
                """
                insert into smelts (id, user_id, tenant, tier, mode, status, content_ttl_seconds, content_expires_at,
                    content_deleted_at, usage_date, created_at, finished_at)
                select gen_random_uuid(), %(user)s, 'user', 'credits', 'separate', 'completed', 60, now(), now(),
                    current_date, now() - n * interval '1 second', now()
                from generate_series(1, %(many)s) n
                """,
                {"user": user, "many": MANY},
            )
        owner.execute("analyze smelts")


def filters(user: UUID) -> list[SmeltFilter]:
    middle = datetime.now(UTC) - timedelta(seconds=MANY // 2)
    return [
        SmeltFilter(user_id=user, limit=101),
        SmeltFilter(user_id=user, limit=101, after=(middle, UUID(int=0))),
        SmeltFilter(user_id=user, limit=101, created_before=middle),
        SmeltFilter(user_id=user, limit=101, created_after=middle),
        SmeltFilter(user_id=user, limit=101, status=SmeltStatus.COMPLETED, mode=SmeltMode.SEPARATE),
    ]


def test_a_page_is_read_along_its_index(
    crowded: None, database: Database, cast: Cast, subtests: pytest.Subtests
) -> None:
    for wanted in filters(cast.ada.id):
        with subtests.test(wanted=wanted), database.user(cast.ada.id) as conn:
            query, values = list_query(wanted)
            plan = "\n".join(row[0] for row in conn.execute(text(f"explain {query}"), values))
            assert "smelts_list" in plan or "smelts_completed" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "  Sort " not in plan, plan
            assert len(list_smelts(conn, wanted)) == 101


def test_the_totals_of_a_list_are_those_of_each_smelt(database: Database, cast: Cast) -> None:
    with database.service() as conn:
        smelts = [new_smelt(cast.ada.id, audio=3, texts=1) for _ in range(3)]
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, *smelts)
        working, ended = smelts[0].id, smelts[1].id
        conn.execute(
            text("update smelt_files set progress = 0.3 where smelt_id = :id and position = 0"),
            {"id": working},
        )
        conn.execute(
            text(
                "update smelt_outputs set status = 'completed', finished_at = now(), fair_key = null, "
                "input_tokens = 7, output_tokens = 3 where smelt_id = any (:ids) and position = 3"
            ),
            {"ids": [working, ended]},
        )
        conn.execute(
            text("update smelts set status = 'canceled', finished_at = now() where id = :id"), {"id": ended}
        )
    with database.service() as conn:
        listed = list_smelts(conn, SmeltFilter(user_id=cast.ada.id, limit=10))
        totals = find_totals(conn, listed)
        whole = {smelt.id: get_smelt(conn, smelt.id) for smelt in smelts}
    assert totals == {id_: smelt.totals for id_, smelt in whole.items() if smelt is not None}
    assert [totals[smelt.id].progress for smelt in smelts] == [0.2875, 1.0, 0.125]
    assert [totals[smelt.id].input_tokens for smelt in smelts] == [7, 7, 0]
