"""The content store is away: what is asked of it is 503, what waits for it says so, and afterwards nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.support.in_process_worker import do_all_work
from tests.support.waiting import wait_until
from workers.reconciler.loop import tick
from workers.services import Services

TEXT = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


@contextmanager
def away(api: RunningApi) -> Iterator[None]:
    aside = api.content.with_name("aside")
    api.content.rename(aside)
    try:
        yield
        assert not api.content.exists()
    finally:
        aside.rename(api.content)


def work(services: Services, settings: Settings) -> None:
    """Whatever waits is due now."""
    with services.database.service() as conn:
        conn.execute(text("update smelt_outputs set run_at = now() where status = 'waiting'"))
    tick(services)
    do_all_work(settings)


@pytest.fixture
def services(settings: Settings, api: RunningApi) -> Iterator[Services]:
    services = Services.open(settings)
    yield services
    services.close()


def test_a_part_waits_and_says_for_what(
    api: RunningApi,
    ada: httpx.Client,
    settings: Settings,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smelt = ada.post("/v1/smelts", json=TEXT).raise_for_status().json()
    monkeypatch.setattr("tests.support.in_process_worker.Services", Kept(services))
    with away(api):
        for _ in range(settings.max_attempts + 1):
            work(services, settings)
            (output,) = ada.get(f"/v1/smelts/{smelt['id']}").json()["outputs"]
            assert (output["status"], output["waiting_for"]) == ("waiting", "content_store")
            assert output["error_code"] is None
        listed = ada.get("/v1/smelts").json()["items"]
        assert [item["status"] for item in listed] == ["synthesizing"]
        assert ada.post("/v1/smelts", json=TEXT).json()["code"] == "unavailable"

    def completed() -> bool:
        work(services, settings)
        after = ada.get(f"/v1/smelts/{smelt['id']}").json()
        return (after["status"], after["outputs"][0]["waiting_for"]) == ("completed", None)

    wait_until(completed)  # a pause of the circuit later
    with services.database.service() as conn:
        assert conn.execute(text("select failures from smelt_outputs")).scalar_one() == 0


class Kept:
    """Stands for `Services` where workers open theirs: those that were there before the outage."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def open(self, _settings: Settings) -> "Kept":
        return self

    def close(self) -> None:
        """Others go on with them."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._services, name)


def test_the_contents_deadline_ends_what_waits_for_the_store_and_costs_nothing(
    api: RunningApi,
    ada: httpx.Client,
    settings: Settings,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smelts = [ada.post("/v1/smelts", json=TEXT).raise_for_status().json()["id"] for _ in range(3)]
    monkeypatch.setattr("tests.support.in_process_worker.Services", Kept(services))
    with away(api):
        work(services, settings)
        with services.database.service() as conn:
            conn.execute(
                text("update smelts set content_expires_at = now() - :ago"), {"ago": timedelta(seconds=1)}
            )
        tick(services)
        for smelt in smelts:
            ended = ada.get(f"/v1/smelts/{smelt}").json()
            assert (ended["status"], ended["error_code"]) == ("failed", "content_expired")
            assert [(o["status"], o["waiting_for"]) for o in ended["outputs"]] == [("canceled", None)]
    assert ada.get("/v1/profile").json()["credits_remaining"] == 5


def test_results_and_deletions_are_unavailable_and_may_be_asked_for_again(
    api: RunningApi, ada: httpx.Client, settings: Settings
) -> None:
    smelt = ada.post("/v1/smelts", json=TEXT).raise_for_status().json()
    do_all_work(settings)
    path = f"/v1/smelts/{smelt['id']}"
    output = f"{path}/outputs/{smelt['outputs'][0]['id']}"
    with away(api):
        refused = ada.get(output)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "Retry-After" in refused.headers
        refused = ada.delete(f"{path}/content")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert ada.get(output).status_code == 410  # the key is destroyed: nothing opens what is left

    receipt = ada.delete(f"{path}/content").raise_for_status().json()
    assert receipt["objects_deleted"] == 2
    assert api.objects() == []
    assert ada.delete(path).status_code == 204
