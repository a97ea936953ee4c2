"""Fixtures: real engines for the whole run; for each test a database, a key prefix and settings of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest

from db.session import Database
from deploy.supervisor.service import Service
from pipeline.settings import Settings
from tests.speech_model import WORD_MODEL
from tests.support.cast import Cast, make_cast
from tests.support.engines import PostgresServer, Servers, running_servers
from tests.support.running import RunningService
from tests.support.scheduling import ByModule, check_users_of_the_service
from tests.support.secrets import IP_HASH_SECRET, JWT_SECRET, KEYRING

TEST_DATABASE_URL = os.environ.get("SMELT_TEST_DATABASE_URL")
TEST_REDIS_URL = os.environ.get("SMELT_TEST_REDIS_URL")
TEST_CONTENT_URL = os.environ.get("SMELT_TEST_CONTENT_URL")  # by `make test-backends`; else folders
TEST_POOLER = os.environ.get("SMELT_TEST_POOLER")  # set by `make pooler`
# How long one example may take is no test's subject: on a machine that others use it is anything.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")
# A speech process and its worker cost some seconds of a core to start; several have tests of their own.
FEW_PROCESSES = {"transcribe_slots": 1}
USERS_OWN = ("SMELT_", "DATABASE_URL", "REDIS_URL", "OPENAI_", "OTEL_", "PG", "dramatiq_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones come first, so that in the end there are only short ones to be shared out among the processes."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    check_users_of_the_service(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule | None:
    return ByModule(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test may read or touch what the user of this machine has set up."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(USERS_OWN)]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with running_servers(TEST_DATABASE_URL, TEST_REDIS_URL, TEST_POOLER) as servers:
        yield servers


@pytest.fixture(scope="session")
def postgres(servers: Servers) -> PostgresServer:
    return servers.postgres


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> Iterator[str]:
    with postgres.migrated_template() as name:
        yield name


@pytest.fixture
def database_name(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    with postgres.database(migrated_template) as name:
        yield name


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """The owner's URL of a database without a schema: for tests of the migrations."""
    with postgres.database() as name:
        yield postgres.owner_url(name)


@pytest.fixture
def owner_url(postgres: PostgresServer, database_name: str) -> str:
    """The schema owner's URL of this test's own database. Policies don't bind a superuser."""
    return postgres.owner_url(database_name)


@pytest.fixture
def database_url(postgres: PostgresServer, database_name: str) -> str:
    """The application's role, on this test's own database."""
    return postgres.app_url(database_name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def redis_namespace(servers: Servers) -> Iterator[str]:
    with servers.redis.namespace() as prefix:
        yield prefix


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """Shared by all tests: use it with `redis_namespace`, and never flush it."""
    return servers.redis.url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str, redis_namespace: str) -> Settings:
    return make_settings(
        tmp_path, database_url=database_url, redis_url=redis_url, redis_namespace=redis_namespace
    )


@pytest.fixture
def cast(owner_url: str, settings: Settings) -> Cast:
    return make_cast(owner_url, settings)


def make_settings(folder: Path, **changes: object) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder / "data",
            "content_url": f"{TEST_CONTENT_URL or 'file://'}{folder}/content",
            "s3_allow_http": TEST_CONTENT_URL is not None,
            "keyring": KEYRING,
            "jwt_secret": JWT_SECRET,
            "ip_hash_secret": IP_HASH_SECRET,
            "whisper_model": WORD_MODEL,
            "port": 0,
            "rate_signed_in": 1_000_000,  # tests look far more often than clients may
            "rate_anonymous": 1_000_000,
            "rate_address": 1_000_000,
            **changes,
        }
    )


@contextmanager
def whole_service(servers: Servers, template: str, **changes: object) -> Iterator[RunningService]:
    """The service as processes, on a database of its own. Its log: `service.log`."""
    with (
        servers.postgres.database(template) as name,
        servers.redis.namespace() as prefix,
        TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as folder,
    ):
        settings = make_settings(
            Path(folder),
            database_url=servers.postgres.app_url(name),
            migration_database_url=servers.postgres.owner_url(name),
            redis_url=servers.redis.url,
            redis_namespace=prefix,
            **{**FEW_PROCESSES, **changes},
        )
        log: list[str] = []
        with Service(
            settings,
            lambda process, line: log.append(f"{process} | {line}"),
            isolated=TEST_CONTENT_URL
            is None,  # the credentials of a bucket are where its own tools look for them
        ) as running:
            yield RunningService(running, make_cast(running.owner_url, running.settings), log)


@pytest.fixture(scope="session")
def service(servers: Servers, migrated_template: str) -> Iterator[RunningService]:
    with whole_service(servers, migrated_template, webhook_allowed_networks=("127.0.0.0/8",)) as running:
        yield running
