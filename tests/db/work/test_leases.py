"""Leases when the database's clock is set back: what was ahead of them stays ahead, and must not outlive its worker."""

from sqlalchemy import Connection, text

from db.session import Database
from db.work import expired
from db.work.claims import Claim, claim_next
from db.work.files import FILES
from db.work.leases import renew
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits

LEASE = 30


def lease_left(conn: Connection, claim: Claim) -> float:
    """Seconds."""
    sql = "select extract(epoch from lease_until - now()) from smelt_files where id = :id"
    return float(conn.execute(text(sql), {"id": claim.id}).scalar_one())


def claim_leased(conn: Connection, cast: Cast, ahead: str) -> Claim:
    """A claimed row whose lease ends `ahead` from now."""
    set_credits(conn, cast.ada.id, 100)
    admit_all(conn, new_smelt(cast.ada.id, audio=1))
    claim = claim_next(conn, FILES, LEASE)
    assert claim is not None
    set_lease = "update smelt_files set lease_until = now() + cast(:ahead as interval) where id = :id"
    conn.execute(text(set_lease), {"ahead": ahead, "id": claim.id})
    return claim


def test_a_lease_from_before_the_clock_was_set_back_ends_in_time(database: Database, cast: Cast) -> None:
    with database.service() as conn:
        claim = claim_leased(conn, cast, "2 hours")

        assert expired.shorten_leases(conn, FILES, LEASE) == 1

        assert lease_left(conn, claim) == LEASE
        assert renew(conn, FILES, claim, LEASE, 0.5)  # it is its worker's still


def test_a_lease_that_somebody_may_have_taken_stays_as_it_is(database: Database, cast: Cast) -> None:
    with database.service() as conn:
        claim = claim_leased(conn, cast, "50 seconds")

        assert expired.shorten_leases(conn, FILES, LEASE) == 0

        assert lease_left(conn, claim) == 50
