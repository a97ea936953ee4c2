"""A page of the list costs as much as a page, however many smelts there are and however many parts they have."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, text

from db.session import Database
from db.smelts.reads import SmeltFilter, find_page, get_smelt, list_smelts, page_query
from db.smelts.totals import find_first_names, find_totals
from pipeline.smelt import Smelt
from pipeline.states import SmeltMode, SmeltStatus
from tests.support.cast import Cast
from tests.support.query_plans import carried_out
from tests.support.smelts import admit_all, new_smelt, set_credits

NOW = datetime.now(UTC)
SECOND = timedelta(seconds=1)
MANY = 20_000
RARE = 5
PAGE = 101


@pytest.fixture
def crowded(owner_url: str, cast: Cast) -> None:
    """`MANY` smelts of Ada's and as many of Bob's, three in each second.

    The oldest `RARE` of Ada's alone failed, and the oldest `RARE` before them are the only ones in `combine`; all of
    Bob's are, and half of Bob's failed: so what is known of the whole table says nothing of Ada's smelts.
    """
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for user in (cast.ada.id, cast.bob.id):
            owner.execute(
                """
                insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
                values (%s, 5, 5, now())
                """,
                [user],
            )
            owner.execute(
                """
                insert into smelts (id, user_id, tenant, tier, mode, status, error_code, content_ttl_seconds,
                    content_expires_at, content_deleted_at, usage_date, created_at, finished_at)
                select gen_random_uuid(), %(user)s, 'user', 'credits',
                    (case when n > %(combined)s then 'combine' else 'separate' end)::smelt_mode,
                    (case when failed then 'failed' else 'completed' end)::smelt_status,
                    case when failed then 'file_failed'::error_code end, 60, now(), now(), current_date,
                    %(now)s - (n / 3) * interval '1 second', now()
                from generate_series(1, %(many)s) n, lateral (select n %% %(every)s = 0 and n > %(failed)s as failed) f
                """,
                {
                    "user": user,
                    "now": NOW,
                    "many": MANY,
                    "combined": MANY - 2 * RARE if user == cast.ada.id else 0,
                    "every": 1 if user == cast.ada.id else 2,
                    "failed": MANY - RARE if user == cast.ada.id else 0,
                },
            )
        owner.execute("analyze smelts")


def filters(user: UUID) -> Iterator[SmeltFilter]:
    """Every way in which the list can be asked for, with what is frequent and with what is rare."""
    middle = NOW - timedelta(seconds=MANY // 6)
    for status, mode, after, before, cursor in product(
        (None, SmeltStatus.COMPLETED, SmeltStatus.FAILED, SmeltStatus.CANCELED),
        (None, *SmeltMode),
        (None, middle),
        (None, middle),
        (None, (middle, UUID(int=0))),
    ):
        yield SmeltFilter(
            user_id=user,
            limit=PAGE,
            status=status,
            mode=mode,
            created_after=after,
            created_before=before,
            after=cursor,
        )


def test_a_page_is_read_along_its_index_and_no_more_than_it(
    crowded: None, database: Database, cast: Cast, subtests: pytest.Subtests
) -> None:
    for wanted in filters(cast.ada.id):
        with subtests.test(wanted=wanted), database.service() as conn:
            plan = carried_out(conn, *page_query(wanted))
            assert plan.scans == {"Index Only Scan smelts_list"}
            walks = (1 if wanted.status else len(SmeltStatus)) * (1 if wanted.mode else len(SmeltMode))
            assert plan.rows <= PAGE * walks, plan.nodes


def test_who_lists_by_sql_has_an_index_too(crowded: None, database: Database, cast: Cast) -> None:
    """As Supabase's own API would, in the user's role."""
    with database.user(cast.ada.id) as conn:
        newest = "select id from smelts where user_id = :id order by created_at desc, id desc limit 21"
        plan = carried_out(conn, newest, {"id": cast.ada.id})
    assert plan.scans <= {"Index Only Scan smelts_newest", "Index Scan smelts_newest"}
    assert plan.rows == 21


def test_filtered_pages_hold_what_the_whole_list_does(crowded: None, database: Database, cast: Cast) -> None:
    with database.service() as conn:
        everything = pages(conn, SmeltFilter(user_id=cast.ada.id, limit=1_000))
        assert len(everything) == MANY
        for wanted in filters(cast.ada.id):
            fits = [smelt.id for smelt in everything if _fits(smelt, wanted)][:PAGE]
            assert [smelt_id for _, smelt_id in find_page(conn, wanted)] == fits, wanted


def pages(conn: Connection, wanted: SmeltFilter, between: Callable[[], object] = lambda: None) -> list[Smelt]:
    """Page after page to the end. `between`: what happens after each."""
    seen: list[Smelt] = []
    while page := find_page(conn, wanted):
        seen += list_smelts(conn, [smelt_id for _, smelt_id in page])
        wanted = replace(wanted, after=page[-1])
        between()
    return seen


def _fits(smelt: Smelt, wanted: SmeltFilter) -> bool:
    return (
        wanted.status in (None, smelt.status)
        and wanted.mode in (None, smelt.mode)
        and (wanted.created_after is None or smelt.created_at > wanted.created_after)
        and (wanted.created_before is None or smelt.created_at < wanted.created_before)
        and (wanted.after is None or (smelt.created_at, smelt.id) < wanted.after)
    )


def test_pages_of_smelts_of_one_moment_neither_repeat_nor_skip(
    crowded: None, database: Database, cast: Cast, owner_url: str, subtests: pytest.Subtests
) -> None:
    """Though new ones come in between, before those that are there."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("update smelts set created_at = %s where status = 'failed'", [NOW])
    with database.service() as conn:
        set_credits(conn, cast.bob.id, 1_000)
    for status in (None, SmeltStatus.FAILED):
        wanted = SmeltFilter(user_id=cast.bob.id, limit=999, status=status, created_after=NOW - SECOND)
        with subtests.test(status=status), database.service() as conn:
            whole = find_page(conn, replace(wanted, limit=MANY))
            seen = pages(conn, wanted, lambda: admit_another(database, cast.bob.id))
            assert len(whole) >= MANY // 2
            assert [smelt.id for smelt in seen] == [smelt_id for _, smelt_id in whole]


def admit_another(database: Database, user: UUID) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(user))


def test_a_page_shows_nobody_anothers(database: Database, cast: Cast) -> None:
    """Whatever was found: the policies decide."""
    with database.service() as conn:
        adas, bobs = new_smelt(cast.ada.id), new_smelt(cast.bob.id)
        for user in (cast.ada.id, cast.bob.id):
            set_credits(conn, user, 5)
        admit_all(conn, adas, bobs)
    with database.user(cast.ada.id) as conn:
        assert [smelt.id for smelt in list_smelts(conn, [adas.id, bobs.id])] == [adas.id]


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
        listed = list_smelts(conn, [smelt.id for smelt in smelts])
        totals = find_totals(conn, listed)
        whole = {smelt.id: get_smelt(conn, smelt.id) for smelt in smelts}
    assert totals == {id_: smelt.totals for id_, smelt in whole.items() if smelt is not None}
    assert [totals[smelt.id].progress for smelt in smelts] == [0.2875, 0.25, 0.125]
    assert [totals[smelt.id].input_tokens for smelt in smelts] == [7, 7, 0]


def test_a_list_names_the_first_files_of_each_smelt(database: Database, cast: Cast) -> None:
    with database.service() as conn:
        many, one = new_smelt(cast.ada.id, audio=5, texts=1), new_smelt(cast.ada.id, texts=1)
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, many, one)
    with database.service() as conn:
        listed = list_smelts(conn, [many.id, one.id])
        names = find_first_names(conn, listed)
        whole = {smelt.id: get_smelt(conn, smelt.id) for smelt in listed}
    assert names == {
        id_: [file.filename for file in smelt.files][:4] for id_, smelt in whole.items() if smelt
    }
    assert [len(names[smelt.id]) for smelt in (many, one)] == [4, 1]
