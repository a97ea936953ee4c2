"""What smelts take and give is counted once the transaction has committed that says so, and not before."""

import pytest

from db.session import Database
from db.smelts.control import cancel
from db.smelts.reservation import Refused
from tests.support.cast import Cast
from tests.support.scraping import told
from tests.support.smelts import admit_all, new_smelt, set_credits


def test_a_smelt_is_counted_when_it_is_taken_in_and_when_it_has_ended(database: Database, cast: Cast) -> None:
    before, smelt = told(), new_smelt(cast.ada.id, audio=2, texts=1)
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 3)
        admit_all(conn, smelt)
        assert told().total("smelt_reservations_total") == before.total("smelt_reservations_total")
    with database.service() as conn:
        cancel(conn, smelt.id)
    after = told()
    for name, labels, rise in (
        ("smelt_reservations_total", {"tier": "credits"}, 1),
        ("smelt_work_added_total", {"queue": "transcribe"}, 2),
        ("smelt_work_added_total", {"queue": "synthesize"}, 3),
        ("smelt_settlements_total", {"tier": "credits", "status": "canceled", "charged": "no"}, 1),
        ("smelt_settlement_seconds_count", {"status": "canceled"}, 1),
    ):
        assert after.total(name, **labels) - before.total(name, **labels) == rise, name


def test_what_is_refused_or_rolled_back_takes_nothing(database: Database, cast: Cast) -> None:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 0)
    before = told()
    with pytest.raises(Refused), database.service() as conn:
        admit_all(conn, new_smelt(cast.ada.id, texts=1))
    for name in ("smelt_reservations_total", "smelt_work_added_total"):
        assert told().total(name) == before.total(name)


def test_connections_in_use_and_their_most_are_told(database: Database) -> None:
    before = told()
    with database.service():
        assert told().of("smelt_database_connections_in_use", pool="main") >= 1
    other = Database("postgresql://smelt_app@127.0.0.1:1/none", pool_size=7)
    most = "smelt_database_connections_most"
    assert told().of(most, pool="main") == before.of(most, pool="main") + 7
    other.close()
    other.close()
    assert told().of(most, pool="main") == before.of(most, pool="main")
