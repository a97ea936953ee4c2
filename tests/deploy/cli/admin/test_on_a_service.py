"""Pausing and resuming as users see it, and workers as operators do, on the whole service."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from tests.deploy.cli.admin.conftest import objects
from tests.support.running import RunningService
from tests.support.waiting import wait_until

Run = Callable[..., Result]


@pytest.fixture
def run(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("sys.excepthook", lambda *_: None)  # a command sets it: put back at the end
    variables = {
        "DATABASE_URL": service.settings.need("database_url"),
        "REDIS_URL": service.settings.need("redis_url"),
        "SMELT_REDIS_NAMESPACE": service.settings.redis_namespace,
    }

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["admin", *map(str, arguments)], env=variables)

    return run


@pytest.mark.parametrize("of_a_tenant", [False, True])
def test_what_is_paused_says_so_and_ends_once_it_is_resumed(
    service: RunningService, run: Run, of_a_tenant: bool
) -> None:
    ada = service.cast.ada
    what = ("--tenant", ada.id) if of_a_tenant else ("--queue", "synthesize")
    with service.client(ada) as client:
        assert run("pause", *what).exit_code == 0
        try:
            form = {"texts": (None, "Ann ships on Friday."), "default_prompt_names": (None, "summarize")}
            smelt = client.post("/v1/smelts", files=form).raise_for_status().json()

            def output() -> tuple[str, str | None]:
                [one] = client.get(f"/v1/smelts/{smelt['id']}").raise_for_status().json()["outputs"]
                return one["status"], one["waiting_for"]

            assert output() == ("waiting" if of_a_tenant else "pending", "hold")
        finally:
            assert run("resume", *what).exit_code == 0
        ended = service.finished(client, smelt["id"])
    assert (ended["status"], ended["outputs"][0]["waiting_for"]) == ("completed", None)


def test_every_worker_process_is_seen(run: Run) -> None:
    def seen() -> set[str]:
        return {one["queue"] for one in objects(run("workers", "--json")) if one["alive"]}

    wait_until(lambda: {"transcribe", "synthesize", "synthesize_short", "deliver", "maintenance"} <= seen())
