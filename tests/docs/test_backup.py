"""The drill of docs/operating.md, by its own commands: a dump, a new server, and what is there afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.smelts.content_keys import destroy_key
from db.smelts.new_smelt import NewSmelt
from db.smelts.reads import get_smelt
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS
from deploy.embedded.engines import APP_ROLE, EmbeddedEngines
from deploy.embedded.postgres import EmbeddedPostgres, _binaries, embedded_url
from pipeline.content.errors import ContentMissing
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.settings import Settings
from pipeline.states import SmeltStatus
from tests.docs.conftest import ROOT, blocks
from tests.support.cast import Cast
from tests.support.engines import FAST
from tests.support.in_process_worker import do_all_work
from tests.support.smelts import admit_all, get_credits, new_smelt, set_credits
from workers.reconciler.loop import tick
from workers.reconciler.purge import purge_orphans
from workers.services import Services

CREDITS = 100
KEY = bytes(32)


@pytest.fixture
def new_server() -> Iterator[EmbeddedPostgres]:
    with TemporaryDirectory(prefix="smelt-new-", dir="/tmp") as folder:
        engines = EmbeddedEngines(Path(folder) / "data", valkey=False, postgres_options=FAST)
        with engines:
            assert engines.postgres is not None
            yield engines.postgres


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings)
    yield services
    services.close()


def on_server(url: str) -> dict[str, str]:
    """libpq's variables, and what the commands need else."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    programs = f"{_binaries()}:{Path(sys.executable).parent}"
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": query.get("port") or str(parts.port or 5432),
        "PGUSER": parts.username or "postgres",
        "PGDATABASE": parts.path[1:],
    }


def run(script: str, environment: Mapping[str, str], folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def submit(services: Services, user: UUID) -> NewSmelt:
    smelt = new_smelt(user, texts=1)
    smelt = replace(smelt, content_key=services.keyring.wrap(KEY, smelt_context(smelt.id)))
    name = ObjectName(smelt.id, smelt.files[0].id, Kind.INPUT, 0)
    services.content.put(name, KEY, b"Ann ships on Friday.")
    with services.database.service() as conn:
        admit_all(conn, smelt)
    return smelt


def result(services: Services, smelt: NewSmelt) -> bytes:
    """Of its one output. Raises ContentMissing."""
    with services.database.service() as conn:
        found = get_smelt(conn, smelt.id)
        assert found is not None
        assert found.status is SmeltStatus.COMPLETED
        [row] = conn.execute(
            text("select id, attempt from smelt_outputs where smelt_id = :id"), {"id": smelt.id}
        )
    return services.content.get(ObjectName(smelt.id, row.id, Kind.RESULT, row.attempt), KEY)


def test_the_drill(
    services: Services, cast: Cast, owner_url: str, new_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    backup, restore = blocks("docs/operating.md", "sh")
    user = cast.ada.id
    with services.database.service() as conn:
        set_credits(conn, user, CREDITS)
    done, done_and_purged = submit(services, user), submit(services, user)
    do_all_work(services.settings)
    claimed = submit(services, user)
    with services.database.service() as conn:
        assert claim_next(conn, OUTPUTS, 0) is not None
    ready, purged = submit(services, user), submit(services, user)

    run(backup, on_server(owner_url), tmp_path)
    with services.database.service() as conn:
        for smelt in (done_and_purged, purged):
            destroy_key(conn, smelt.id)
    for smelt in (done_and_purged, purged):
        services.content.delete_smelt(smelt.id)
    do_all_work(services.settings)
    since = submit(services, user)
    run(restore, on_server(new_server.url()), tmp_path)

    database = urlsplit(owner_url).path[1:]
    app_url = SecretStr(embedded_url(new_server.folder, APP_ROLE, database))
    namespace = f"{services.settings.redis_namespace}-new"
    settings = services.settings.model_copy(update={"database_url": app_url, "redis_namespace": namespace})
    restored = Services.open(settings)
    try:
        assert tick(restored)["rescue_expired"] == 1
        do_all_work(settings)
        with restored.database.service() as conn:
            failed = get_smelt(conn, purged.id)
            assert failed is not None
            assert (failed.status, failed.outputs[0].error_code) == ("failed", "content_expired")
            assert get_smelt(conn, since.id) is None
            assert get_credits(conn, user) == CREDITS - len([done, done_and_purged, claimed, ready])
        for smelt in (done, claimed, ready):
            assert b"Friday" in result(restored, smelt)
        with pytest.raises(ContentMissing):
            result(restored, done_and_purged)
        assert purge_orphans(restored, timedelta(0)) == 1
        assert b"Friday" in result(restored, done)
    finally:
        restored.close()
