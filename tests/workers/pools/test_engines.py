"""Engines of users' keys: shared while in use, kept a while, closed then."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipeline.settings import Settings
from tests.support.waiting import wait_until
from workers.pools.engines import SynthesisEngines

ADA, BOB, EVE = (SecretStr(f"sk-key-of-{name}") for name in ("ada", "bob", "eve"))


@pytest.fixture
def engines(settings: Settings) -> Iterator[SynthesisEngines]:
    engines = SynthesisEngines(settings, most_idle=1, idle_seconds=0.2)
    yield engines
    engines.close()


def test_one_engine_for_a_key_and_another_for_another(engines: SynthesisEngines) -> None:
    with engines.borrow(ADA) as first, engines.borrow(ADA) as second, engines.borrow(BOB) as other:
        assert first is second
        assert first is not other
    with engines.borrow(None) as platform:
        assert platform is not first


def test_an_engine_in_use_outlives_any_number_of_idle_ones(engines: SynthesisEngines) -> None:
    with engines.borrow(ADA) as used:
        for key in (BOB, EVE, BOB, EVE):
            with engines.borrow(key):
                pass
        with engines.borrow(ADA) as again:
            assert again is used


def test_beyond_the_bound_the_longest_idle_goes(engines: SynthesisEngines) -> None:
    with engines.borrow(ADA) as first:
        pass
    with engines.borrow(BOB):
        pass
    with engines.borrow(ADA) as later:
        assert later is not first


def test_an_idle_engine_is_closed_by_itself(engines: SynthesisEngines) -> None:
    with engines.borrow(ADA):
        pass
    assert engines.held == 1
    wait_until(lambda: engines.held == 0, within=5)
