"""What runs on each host: other people's servers as they come, Smelt by docs/deploying.md's own commands."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.demo.demonstration import DemoSettings
from pipeline.settings import Settings, variable
from tests.backends.backend import ROOT
from tests.hosts.network import NETWORK, Host
from tests.hosts.servers import REDIS_PASSWORD, START_SECONDS, start_proxy, start_servers
from tests.speech_model import WORD_MODEL
from tests.support import llm_server
from tests.support.llm_server import LlmServer
from tests.support.waiting import wait_until

APP_PASSWORD = "of-the-app"
KEY_ID, SECRET_KEY = "testing", "testing"
WORKERS = ("one", "two", "three")
MODEL_PORT = 9001
SLOTS = 4  # outputs that a host works on at once, and as many more short ones as its settings say


@dataclass(frozen=True)
class Deployment:
    """`settings`: those of all workers, with names as addresses for who looks from here. `servers`: starts again what
    ran on a host, by the host's name.
    """

    hosts: Mapping[str, Host]
    settings: Settings
    folder: Path
    model: LlmServer
    servers: Mapping[str, Callable[[], None]]

    @property
    def address(self) -> str:
        return f"http://{self.hosts['proxy'].address}"

    @property
    def owner_url(self) -> str:
        return f"postgresql://postgres@{self.hosts['db'].address}/smelt"

    def start(self, name: str) -> None:
        """By the page's second block; returns once the host's API is ready."""
        _, everywhere = _blocks("sh")
        _run(self.hosts[name], everywhere, self.folder / name)

    def logs(self) -> str:
        """The last of what each process said."""
        paths = sorted(self.folder.rglob("*.log"))
        return "\n".join(f"== {path}\n{path.read_text(errors='replace')[-1500:]}" for path in paths)


@contextmanager
def deployed(hosts: Mapping[str, Host], folder: Path) -> Iterator[Deployment]:
    """Hosts one and two at work; the third's are not started. Raises NotReachable."""
    with ExitStack() as stack:
        servers = start_servers(hosts, folder, stack)
        with hosts["model"].here():
            model = stack.enter_context(llm_server.running(MODEL_PORT, address=hosts["model"].address))
        for name in WORKERS:
            (folder / name).mkdir()
        once, _ = _blocks("sh")
        _run(hosts["one"], once, folder / "one")
        settings = (folder / "one" / "smelt.env").read_text()
        for name in WORKERS[1:]:
            (folder / name / "smelt.env").write_text(settings)
        it = Deployment(hosts, _as_seen_here(settings, hosts), folder, model, servers)
        for name in ("one", "two"):
            it.start(name)
        [site] = _blocks("nginx")
        start_proxy(hosts["proxy"], folder, site, stack)
        wait_until(lambda: _ready(it.address), START_SECONDS)
        yield it


def _blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "deploying.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _run(host: Host, script: str, place: Path) -> None:
    """As somebody logged in there types it, with what the page takes for granted."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(place),
        "APP_PASSWORD": APP_PASSWORD,
        "REDIS_PASSWORD": REDIS_PASSWORD,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "PROXY": NETWORK,
        "SMELT_WHISPER_MODEL": WORD_MODEL,
        "SMELT_DATA_DIR": str(place / "data"),
        "SMELT_LLM_BASE_URL": f"http://model:{MODEL_PORT}/v1",
        "SMELT_LLM_MODEL": llm_server.MODEL,
        # For a test: as many posts as come, work begun anew soon, outputs that wait for the model and not for a core
        "SMELT_LEASE_SECONDS": "10",
        "SMELT_SYNTHESIZE_SLOTS": str(SLOTS),
        **{variable(name): "1000000" for name in ("weekly_credits", "rate_signed_in", "rate_address")},
        **{variable(name): "1000000" for name in ("platform_daily_cap", "uncharged_daily")},
    }
    with (place / "shell.log").open("ab") as log:
        done = subprocess.run(
            host.command("bash", "-euo", "pipefail", "-c", script),
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            timeout=START_SECONDS,
        )
    assert done.returncode == 0, (place / "shell.log").read_text()[-4000:]


def _as_seen_here(environment: str, hosts: Mapping[str, Host]) -> Settings:
    """The settings of that file. Sets what obstore looks for in the environment."""
    values = dict(
        word.split("=", 1)
        for line in environment.splitlines()
        for word in shlex.split(line.removeprefix("export "))
    )
    for name, host in hosts.items():
        for key, value in values.items():
            values[key] = re.sub(rf"(?<=[@/]){name}(?=[:/])", host.address, value)
    os.environ.update({key: value for key, value in values.items() if key.startswith("AWS_")})
    fields = {variable(name): name for name in Settings.model_fields}
    known = {fields[key]: value for key, value in values.items() if key in fields}
    return DemoSettings.model_validate({**known, "trusted_proxies": (NETWORK,)})


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=10).is_success
    except httpx.TransportError:
        return False
