"""What is typed: names are those that the service knows, and what is wrong is refused before anything is done."""

import pytest
from typer.testing import CliRunner

from db.work.tables import BY_QUEUE
from deploy.cli.admin.options import QueueName, parse_tenant
from deploy.cli.main import app


def test_names_are_those_of_the_tables() -> None:
    assert {one.value for one in QueueName} == BY_QUEUE.keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ("pause",),
        ("pause", "--queue", "transcribe", "--tenant", "ip:1"),
        ("pause", "--tenant", "somebody"),
        ("pause", "--queue", "transcribe_short"),
        ("resume", "--tenant", "user:1"),
        ("drain", "--queue", "transcribe", "--within", "-1"),
        ("list",),
        ("list", "--queue", "transcribe", "--after", "whenever"),
        ("retry",),
        ("retry", "--state", "failed"),
        ("retry", "--queue", "maintenance"),
        ("cancel", "--queue", "deliver"),
        ("cancel", "00000000-0000-7000-8000-000000000000", "--queue", "transcribe"),
        ("credits", "00000000-0000-7000-8000-000000000000", "--grant", "1", "--set", "1"),
        ("tiers", "--set", "credits"),
        ("tiers", "00000000-0000-7000-8000-000000000000", "--set", "anonymous"),
    ],
)
def test_what_is_wrongly_called_is_told_before_anything_is_asked(arguments: tuple[str, ...]) -> None:
    """Were Postgres asked, it would be EX_CONFIG: there is none."""
    nowhere = {"DATABASE_URL": "postgresql://smelt_app@127.0.0.1:1/smelt"}
    assert CliRunner().invoke(app, ["admin", *arguments], env=nowhere).exit_code == 2


@pytest.mark.parametrize(
    ("given", "tenant"),
    [
        ("0198B0E6-0000-7000-8000-000000000000", "user:0198b0e6-0000-7000-8000-000000000000"),
        ("user:0198b0e6-0000-7000-8000-000000000000", "user:0198b0e6-0000-7000-8000-000000000000"),
        ("ip:4fa2", "ip:4fa2"),
    ],
)
def test_a_tenant_may_be_given_by_a_users_id(given: str, tenant: str) -> None:
    assert parse_tenant(given) == tenant
