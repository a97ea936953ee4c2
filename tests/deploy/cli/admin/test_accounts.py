"""Credits and tiers are seen and set, and the API goes by what was set."""

from uuid import uuid4

import pytest

from api.auth.identity import User
from db.accounts.api_keys import put_api_key
from db.accounts.profiles import get_profile
from db.session import Database
from db.smelts.reservation import Refused, check_allowance
from pipeline.states import Tier
from tests.deploy.cli.admin.conftest import Admin, objects
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, WEEKLY, admit_all, new_smelt

SETTINGS = {"SMELT_WEEKLY_CREDITS": str(WEEKLY)}


@pytest.mark.parametrize(
    ("options", "left"),
    [(("--grant", 3), 8), (("--grant", -2), 3), (("--grant", -9), 0), (("--set", 1), 1), (("--set", 20), 20)],
)
def test_credits_are_granted_and_set(
    admin: Admin, database: Database, rich: Cast, options: tuple[object, ...], left: int
) -> None:
    [shown] = objects(admin("credits", rich.ada.id, *options, "--json", **SETTINGS))
    assert shown["credits_remaining"] == left
    with database.service() as conn:
        profile = get_profile(conn, rich.ada.id)
        assert profile is not None
        assert profile.credits.under(WEEKLY).remaining == left
        if left:
            check_allowance(conn, rich.ada.id, "", Tier.CREDITS, PLENTY)
        else:
            with pytest.raises(Refused):
                check_allowance(conn, rich.ada.id, "", Tier.CREDITS, PLENTY)
    [act] = objects(admin("actions", "--json"))
    assert (act["command"], act["tenant"]) == ("credits", f"user:{rich.ada.id}")


def test_what_is_reserved_is_told(admin: Admin, database: Database, rich: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, texts=1))
    [shown] = objects(admin("credits", rich.ada.id, "--json", **SETTINGS))
    assert (shown["credits_remaining"], shown["reserved"], shown["tier"]) == (5, 1, "credits")
    assert "credits remaining" in admin("credits", rich.ada.id).stdout
    assert objects(admin("actions", "--json")) == []
    assert admin("credits", uuid4(), "--grant", 1).exit_code == 1
    assert objects(admin("actions", "--json")) == []


def test_a_tier_is_set_by_the_key_that_is_used(admin: Admin, database: Database, rich: Cast) -> None:
    refused = admin("tiers", rich.ada.id, "--set", "own_key")
    assert (refused.exit_code, "no key stored" in refused.stderr) == (1, True)
    with database.service() as conn:
        put_api_key(conn, rich.ada.id, b"wrapped", "k", "1234")

    def tier() -> Tier:
        with database.service() as conn:
            profile = get_profile(conn, rich.ada.id)
        assert profile is not None
        return User(rich.ada.id, profile).tier

    for wanted in (Tier.CREDITS, Tier.OWN_KEY):
        [shown] = objects(admin("tiers", rich.ada.id, "--set", wanted, "--json"))
        assert (shown["tier"], tier()) == (wanted, wanted)
    used = {one["tier"]: one["users"] for one in objects(admin("tiers", "--json"))}
    assert used == {"anonymous": None, "credits": 1, "own_key": 1, "local": None}
    assert "own_key" in admin("tiers").stdout
