"""The whole service on this machine: engines for what the settings don't name, migrated, and its processes."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

import httpx2
from pydantic import SecretStr

from db import migrate
from deploy.embedded.database import reaching_postgres
from deploy.embedded.engines import EmbeddedEngines
from deploy.local_llm.model import LocalModel, check_model_file
from deploy.local_users import ensure_local_user
from deploy.problems import ServiceFailed, SettingsIncomplete
from deploy.secrets import check_up, with_secrets
from deploy.supervisor.environment import child_environment
from deploy.supervisor.processes import COMMANDS, Processes
from deploy.supervisor.runner import DEATHS_AT_START
from deploy.supervisor.starting import StartingPools
from pipeline.settings import Env, Settings
from workers.pools.slots import POOLS

READY_WITHIN = 120.0  # seconds, of the API; pools take longer: it may be a large model's download
WAITING_SECONDS = 10.0  # between two lines that say what is waited for
MARGIN = 15.0  # seconds a worker gets on top of its grace, to give back what it runs, before it is killed


class Service:
    """Runs from `start` to `stop`. `settings` is complete once it has started.

    `start` raises a Problem (`deploy/problems.py`), and then leaves nothing running.
    `isolated`: the processes get no other variable of the user's environment. `report(name, line)` gets each
    line that a process prints, from several threads. `commands`: what runs, by name; `COMMANDS` unless told.
    """

    def __init__(
        self,
        settings: Settings,
        report: Callable[[str, str], None],
        *,
        isolated: bool = False,
        commands: Mapping[str, list[str]] | None = None,
    ) -> None:
        self._isolated = isolated
        self._commands = commands or COMMANDS
        self.settings = settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})
        self._report = report
        # By a secret that is made here: who reads what we print is who runs this machine.
        self.signs_in_here = settings.jwt_secret is None and settings.jwt_jwks_url is None
        self._processes: Processes | None = None
        self._model: LocalModel | None = None
        self._engines = EmbeddedEngines(
            self.settings.data_dir,
            postgres=settings.database_url is None,
            valkey=settings.redis_url is None,
        )

    @property
    def address(self) -> str:
        host = self.settings.host
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{self.settings.port}"

    @property
    def owner_url(self) -> str:
        """The schema owner's URL of the database."""
        url = self._engines.owner_url or _revealed(
            self.settings.migration_database_url or self.settings.database_url
        )
        if url is None:
            raise ServiceFailed("the service has no database before it is started")
        return url

    def start(self) -> None:
        """Returns once a smelt would go through: the API answers, and each pool's workers have what they work with."""
        check_up(self.settings)
        if self.settings.llm_is_file:
            check_model_file(self.settings)
        port = _free_port(self.settings.host, self.settings.port)
        self.settings = self.settings.model_copy(update={"port": port})
        try:
            self._engines.start()
            self.settings = self._with_model(self._completed())
            self._report("smelt", "bringing the database's schema up to date")
            with reaching_postgres():
                self._migrate()
                self._add_local_user()
            starting = StartingPools({pool.value for pool in POOLS} & self._commands.keys())
            self._processes = Processes(self._commands, self._environment_of, partial(self._hear, starting))
            self._processes.start()
            self._wait_until_ready(starting)
        except BaseException:
            self.stop()
            raise

    def check(self, most_deaths: int | None = None) -> None:
        """Raises ServiceFailed when a process can't run with these settings, or died more often than that."""
        if self._model is not None:
            self._model.check(most_deaths)
        for name, runner in self._processes.runners.items() if self._processes else ():
            if runner.gave_up:
                raise ServiceFailed(f"{name} can't run with these settings; it last said: {runner.last_line}")
            if most_deaths is not None and runner.deaths > most_deaths:
                raise ServiceFailed(
                    f"{name} has died {runner.deaths} times; it last said: {runner.last_line}"
                )

    def hurry(self) -> None:
        """Ends a `stop` under way in another thread, or in a signal's, at once."""
        if self._processes is not None:
            self._processes.kill()
        if self._model is not None:
            self._model.kill()

    def stop(self) -> None:
        if self._processes is not None:
            self._processes.stop(self.settings.worker_grace + MARGIN)
        if self._model is not None:
            self._model.stop()
        self._engines.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _migrate(self) -> None:
        migrate.upgrade(self.owner_url)

    def _completed(self) -> Settings:
        settings = with_secrets(self.settings)
        changes: dict[str, object] = {}
        if self._engines.database_url is not None:
            changes["database_url"] = SecretStr(self._engines.database_url)
        if self._engines.redis_url is not None:
            changes["redis_url"] = SecretStr(self._engines.redis_url)
        if settings.content_url is None:
            changes["content_url"] = (settings.data_dir / "content").as_uri()
        return settings.model_copy(update=changes)

    def _environment_of(self, name: str) -> dict[str, str]:
        """Processes of one machine can't share a metrics port: each has the next, in the order of `COMMANDS`."""
        changes: dict[str, object] = {"migration_database_url": None}
        if self.settings.metrics_port is not None:
            changes["metrics_port"] = self.settings.metrics_port + list(self._commands).index(name)
        return child_environment(self.settings.model_copy(update=changes), isolated=self._isolated)

    def _add_local_user(self) -> None:
        """Who has this machine to themselves needs no credits."""
        if (
            self.signs_in_here
            and self.settings.local_user is None
            and self.settings.env is not Env.PRODUCTION
        ):
            user = ensure_local_user(self.owner_url)
            self.settings = self.settings.model_copy(update={"local_user": user})

    def _with_model(self, settings: Settings) -> Settings:
        """With the address of the language model that the settings name by its file, once that is loaded."""
        if not settings.llm_is_file:
            return settings
        self._report("smelt", f"loading the language model {settings.llm_model}")
        self._model = LocalModel(settings, self._report, isolated=self._isolated)
        return self._model.start()

    def _wait_until_ready(self, starting: StartingPools) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            self.check(DEATHS_AT_START)
            if time.monotonic() > deadline:
                raise ServiceFailed(f"the API was not ready within {READY_WITHIN:g} seconds")
            time.sleep(0.05)
        self._wait_for_pools(starting)

    def _wait_for_pools(self, starting: StartingPools) -> None:
        """As long as it takes while their lines say how far they are; but not for one that can't run."""
        said = time.monotonic()
        while waited_for := starting.waited_for:
            self.check(DEATHS_AT_START)
            starting.check()
            if time.monotonic() - said > WAITING_SECONDS:
                said = time.monotonic()
                self._report("smelt", f"not ready yet, waiting for {', '.join(waited_for)}")
            time.sleep(0.05)

    def _hear(self, starting: StartingPools, name: str, line: str) -> None:
        starting.hear(name, line)
        self._report(name, line)

    def _answers(self) -> bool:
        try:
            return (
                httpx2.get(f"{self.address}/readyz", timeout=5, trust_env=False).status_code
                == httpx2.codes.OK
            )
        except httpx2.TransportError:
            return False


def _free_port(host: str, port: int) -> int:
    """The API's port; for 0 one that is chosen here, so that an API that is started again keeps its address.

    Looked at before anything is started: on a taken port another service would answer in the API's place.
    Raises SettingsIncomplete when the API could not listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as probe:
            return int(probe.getsockname()[1])
    except OSError as problem:
        reason = os.strerror(problem.errno) if problem.errno and problem.errno > 0 else problem.strerror
        raise SettingsIncomplete(
            f"the API can't listen on {host} port {port}: {reason}; set SMELT_HOST or SMELT_PORT"
        ) from problem


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
