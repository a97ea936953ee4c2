"""A service whose processes a real Prometheus scrapes every two seconds, for `alerts_by_prometheus.py`.

The rules are those of `deploy/observability/`, but for their times: nothing has to last, and each window is a minute.
What lasts how long is `timing.py`'s.
"""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
import yaml

from db.session import Database
from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings
from tests.conftest import make_settings
from tests.deploy.observability import RULES, SCRAPING
from tests.support.cast import Cast, make_cast
from tests.support.engines import Servers
from tests.support.llm_server import LlmServer, running
from tests.support.scraping import answers, free_port
from tests.support.waiting import wait_until

NOWHERE = "127.0.0.1:1"
WINDOW = "60s"
# What is started: a command, and what its settings differ in. No transcribe pool: its queue stands.
PROCESSES: dict[str, tuple[str, dict[str, object]]] = {
    "api": ("api", {"database_pool": 1}),
    "reconciler": ("reconciler", {}),
    "reconciler without Redis": ("reconciler", {"redis_url": f"redis://{NOWHERE}/0"}),
    "deliver": ("worker deliver", {}),
    "synthesize": ("worker synthesize", {}),
    "pool without Postgres": (
        "worker maintenance",
        {"database_url": f"postgresql://smelt_app@{NOWHERE}/none"},
    ),
}
NEVER_READY = {"pool without Postgres"}


@dataclass(frozen=True)
class Scene:
    settings: Settings
    owner_url: str
    database: Database
    cast: Cast
    llm: LlmServer
    processes: dict[str, psutil.Process]
    prometheus: str  # its URL

    def firing(self) -> set[str]:
        alerts = httpx.get(f"{self.prometheus}/api/v1/alerts", trust_env=False).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def asked(self, query: str) -> float:
        """The value of the one sample that it has; -1 where there is none."""
        url = f"{self.prometheus}/api/v1/query"
        found = httpx.get(url, params={"query": query}, trust_env=False).json()["data"]["result"]
        return float(found[0]["value"][1]) if found else -1.0

    def fires(self, alert: str, within: float = 60.0) -> None:
        wait_until(lambda: alert in self.firing(), within)

    def stop(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGTERM)
        self.processes[name].wait(60)

    def client(self) -> httpx.Client:
        """Ada's."""
        url = f"http://127.0.0.1:{self.settings.port}"
        return httpx.Client(base_url=url, headers=self.cast.ada.headers, trust_env=False, timeout=60)


@contextmanager
def scene(servers: Servers, template: str) -> Iterator[Scene]:
    """`template`: the name of a migrated database."""
    if shutil.which("prometheus") is None:
        pytest.fail("prometheus is missing: install Debian's package of that name")
    with ExitStack() as stack:
        name = stack.enter_context(servers.postgres.database(template))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smelt-test-", dir="/tmp")))
        prefix = stack.enter_context(servers.redis.namespace())
        llm = stack.enter_context(running())
        settings = make_settings(
            folder,
            database_url=servers.postgres.app_url(name),
            redis_url=servers.redis.url,
            redis_namespace=prefix,
            port=free_port(),
            llm_base_url=llm.url,
            max_attempts=1,
            platform_daily_cap=1_000,
            webhook_allowed_networks=("127.0.0.0/8",),
        )
        owner_url = servers.postgres.owner_url(name)
        database = Database(settings.need("database_url"))
        stack.callback(database.close)
        cast = make_cast(owner_url, settings)
        processes, ports = {}, {}
        for own, (command, changes) in PROCESSES.items():
            ports[own] = free_port()
            differing = settings.model_copy(update={**secret(changes), "metrics_port": ports[own]})
            processes[own] = stack.enter_context(started(command, differing, folder / f"{own}.log"))
        for own, port in ports.items():
            path = "/healthz" if own in NEVER_READY else "/readyz"
            wait_until(lambda port=port, path=path: answers(port, path, 200), 120)  # type: ignore[misc]
        prometheus = stack.enter_context(prometheus_at(folder, list(ports.values())))
        stage = Scene(settings, owner_url, database, cast, llm, processes, prometheus)
        wait_until(lambda: stage.asked("sum(up)") == len(ports), 60)  # what rises has been seen at 0
        yield stage


def secret(changes: dict[str, object]) -> dict[str, object]:
    """As settings have them."""
    return {
        name: Settings.model_validate({name: value}).__getattribute__(name) for name, value in changes.items()
    }


@contextmanager
def started(command: str, settings: Settings, log: Path) -> Iterator[psutil.Process]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["smelt", *command.split()],
            env=child_environment(settings, isolated=True),
            stdout=output,
            stderr=output,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def prometheus_at(folder: Path, ports: list[int]) -> Iterator[str]:
    """The URL of a Prometheus that scrapes these ports, with our rules in quick time."""
    quick = re.sub(r"\[\d+m\]", f"[{WINDOW}]", re.sub(r"(?m)^ +for: .*\n", "", RULES.read_text()))
    (folder / "rules.yml").write_text(quick)
    configuration = yaml.safe_load(SCRAPING.read_text())
    configuration["global"] = {"scrape_interval": "2s", "evaluation_interval": "1s"}
    (job,) = configuration["scrape_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as output:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={address}",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: answers(int(address.rsplit(":", 1)[1]), "/-/ready", 200), 60)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)
