"""`smelt admin` in this process, on this test's own database, as the application's role."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from db.session import Database
from deploy.cli.main import app
from tests.support.cast import Cast
from tests.support.smelts import set_credits

Admin = Callable[..., Result]


@pytest.fixture
def admin(database_url: str, redis_url: str, redis_namespace: str, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """`more`: other variables."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)  # a command sets it: put back at the end
    variables = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMELT_REDIS_NAMESPACE": redis_namespace,
    }

    def run(*arguments: object, **more: str) -> Result:
        return CliRunner().invoke(app, ["admin", *map(str, arguments)], env={**variables, **more})

    return run


@pytest.fixture
def rich(database: Database, cast: Cast) -> Cast:
    """Ada and Bob with credits."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        set_credits(conn, cast.bob.id, 5)
    return cast


def objects(result: Result) -> list[dict[str, Any]]:
    """What `--json` printed."""
    assert result.exit_code in (0, 1), result.output
    return [json.loads(line) for line in result.stdout.splitlines()]
