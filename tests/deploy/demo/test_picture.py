"""The README's picture of a terminal: small, and loading nothing from anywhere."""

from html import unescape

import pytest

from deploy.demo.picture import COMMAND, TARGET, picture
from tests.support.smelt_replies import WHOLE

KINDS = {"made now": picture(WHOLE, "# Action items\n"), "in the README": TARGET.read_text()}


@pytest.mark.parametrize("drawn", KINDS.values(), ids=KINDS.keys())
def test_it_shows_the_command_and_its_result(drawn: str) -> None:
    shown = unescape(drawn).replace("\xa0", " ")
    assert COMMAND in shown
    assert "# Action items" in shown


@pytest.mark.parametrize("drawn", KINDS.values(), ids=KINDS.keys())
def test_it_loads_nothing(drawn: str) -> None:
    assert "@font-face" not in drawn
    assert "url(http" not in drawn
    assert len(drawn) < 60_000
