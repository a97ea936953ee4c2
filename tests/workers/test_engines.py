"""Engines of users' keys: shared while in use, kept a while, closed then."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipeline.settings import Settings
from tests.waiting import wait_until
from workers.engines import Engines

ADA, BOB, EVE = (SecretStr(f"sk-key-of-{name}") for name in ("ada", "bob", "eve"))


@pytest.fixture
def engines(settings: Settings) -> Iterator[Engines]:
    engines = Engines(settings, most_idle=1, idle_seconds=0.2)
    yield engines
    engines.close()


def test_one_engine_for_a_key_and_another_for_another(engines: Engines) -> None:
    with engines.lent(ADA) as first, engines.lent(ADA) as second, engines.lent(BOB) as other:
        assert first is second
        assert first is not other
    with engines.lent(None) as platform:
        assert platform is not first


def test_an_engine_in_use_outlives_any_number_of_idle_ones(engines: Engines) -> None:
    with engines.lent(ADA) as used:
        for key in (BOB, EVE, BOB, EVE):
            with engines.lent(key):
                pass
        with engines.lent(ADA) as again:
            assert again is used


def test_beyond_the_bound_the_longest_idle_goes(engines: Engines) -> None:
    with engines.lent(ADA) as first:
        pass
    with engines.lent(BOB):
        pass
    with engines.lent(ADA) as later:
        assert later is not first


def test_an_idle_engine_is_closed_by_itself(engines: Engines) -> None:
    with engines.lent(ADA):
        pass
    assert engines.held == 1
    wait_until(lambda: engines.held == 0, within=5)
