"""What becomes of results when something goes wrong on the way."""

from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from deploy.client.client import Client
from deploy.client.destination import Destination
from deploy.client.failures import SmeltNotCompleted
from deploy.client.results import check_completed, give_results, kept
from smelt_client import Unreachable
from tests.support.smelt_replies import file, smelt

GOOD = smelt(file(1), id=UUID(int=1))
LOST = smelt(file(1, status="failed", error_code="no_speech"), id=UUID(int=2), status="failed")


def client() -> Client:
    made = Client("http://smelt")
    said = httpx2.Response(200, text="what was said")
    made._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(lambda _: said))
    return made


def test_of_several_smelts_one_that_failed_costs_the_others_nothing(tmp_path: Path) -> None:
    give_results(client(), [GOOD, LOST], Destination.of(f"{tmp_path}"))
    (written,) = tmp_path.iterdir()
    assert written.name == str(GOOD.id)
    assert (written / "001 talk-1.m4a.txt").read_text() == "what was said"
    with pytest.raises(SmeltNotCompleted, match=f"1 of 2 smelts failed: no result .{LOST.id}"):
        check_completed([GOOD, LOST])


def test_a_failed_smelt_alone_writes_nothing_unless_what_there_is_was_asked_for(tmp_path: Path) -> None:
    part = smelt(file(1), file(2, status="failed"), status="failed")
    give_results(client(), [part], Destination.of(str(tmp_path / "a.txt")))
    assert list(tmp_path.iterdir()) == []
    give_results(client(), [part], Destination.of(str(tmp_path / "a.txt")), complete=False)
    assert (tmp_path / "a.txt").read_text() == "what was said"


@pytest.mark.parametrize(
    "failure", [Unreachable(detail="away"), OSError(28, "No space left"), KeyboardInterrupt()]
)
def test_whatever_goes_wrong_names_the_smelt_and_how_to_get_at_it(
    capsys: pytest.CaptureFixture[str], failure: BaseException
) -> None:
    with pytest.raises(type(failure)), kept([GOOD.id]):
        raise failure
    assert f"smelt get {GOOD.id} --wait -o FILE" in capsys.readouterr().err


def test_a_smelt_that_failed_has_nothing_to_be_got(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SmeltNotCompleted), kept([LOST.id]):
        check_completed([LOST])
    assert capsys.readouterr().err == ""
