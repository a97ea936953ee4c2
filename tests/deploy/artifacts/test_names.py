"""Each setting, command, pool, port and image that an artifact names is there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from api.main import GRACE_SECONDS
from api.routes.health import router as health
from deploy.cli.main import app
from deploy.secrets import NEEDED
from deploy.supervisor.pool import MARGIN
from pipeline.settings import SECRET_NAMES, Settings, variable
from tests.deploy.artifacts import (
    CHART,
    COMPOSE_GPU,
    DOCKERFILE,
    FILES,
    ROOT,
    STOP_SECONDS,
    UNITS,
    image_targets,
    load,
    own_services,
    templates,
)
from workers.pools.slots import POOLS

VARIABLES = {variable(field) for field in Settings.model_fields}
NAMED = re.compile(r"\b(?:SMELT_[A-Z0-9_]*[A-Z0-9]|DATABASE_URL|REDIS_URL|OPENAI_API_KEY)\b")
PRESTOP_SECONDS = 5


def commands() -> dict[str, list[list[str]]]:
    """By artifact, what it starts, without the program's name."""
    units = "\n".join(path.read_text() for path in UNITS.glob("*.service"))
    return {
        "image": [shlex.split(found.replace(",", "")) for found in cmd_lines()],
        "compose": [of["command"] for of in own_services().values()],
        "chart": [found.split(", ") for found in re.findall(r"args: \[([^\]]+)\]", templates())],
        "units": [
            line.split() for line in re.findall(r"^ExecStart=/opt/smelt/bin/smelt (.+)$", units, re.MULTILINE)
        ],
    }


def cmd_lines() -> list[str]:
    return re.findall(r"^CMD \[(.+)\]$", DOCKERFILE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_variable_is_a_setting(path: Path) -> None:
    assert set(NAMED.findall(path.read_text())) - VARIABLES == set()


def test_variables_are_named_at_all() -> None:
    found = {name for path in FILES for name in NAMED.findall(path.read_text())}
    needed = {variable(field) for fields in NEEDED.values() for field in fields}
    assert needed | {"SMELT_MIGRATION_DATABASE_URL", "SMELT_ENV"} <= found


@pytest.mark.parametrize("artifact", ["image", "compose", "chart", "units"])
def test_each_command_is_one_of_ours(artifact: str) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    pools = {str(pool) for pool in POOLS}
    for command, *arguments in commands()[artifact]:
        assert command in known
        pool = {"%i", "{{ $pool }}"} if artifact in ("chart", "units") else pools
        assert not arguments or (command == "worker" and len(arguments) == 1 and arguments[0] in pool)


@pytest.mark.parametrize("artifact", ["compose", "chart", "units"])
def test_every_process_is_started(artifact: str) -> None:
    processes = {line.split(": smelt ")[1] for line in (ROOT / "Procfile").read_text().splitlines()}
    started = {" ".join(command) for command in commands()[artifact]}
    if artifact != "compose":
        started |= {f"worker {pool}" for pool in POOLS if {"worker %i", "worker {{ $pool }}"} & started}
        started -= {"worker %i", "worker {{ $pool }}"}
    assert started == processes | {"migrate"}


def test_the_pools_are_those_of_the_chart_and_of_the_compose_file() -> None:
    pools = {str(pool) for pool in POOLS}
    assert set(load(CHART / "values.yaml")["pools"]) == pools
    assert pools <= own_services().keys()


def test_each_image_is_a_target_of_the_dockerfile() -> None:
    targets = image_targets()
    assert targets == {"api", "worker-cpu", "worker-cuda"}
    services = [*own_services().values(), *load(COMPOSE_GPU)["services"].values()]
    assert {of["image"] for of in services} == {f"smelt-{target}" for target in targets}
    for of in (of for of in services if "build" in of):
        assert of["image"] == f"smelt-{of['build']['target']}"
        assert (COMPOSE_GPU.parent / of["build"]["context"]).resolve() == ROOT
        assert ROOT / of["build"]["dockerfile"] == DOCKERFILE
    lines = "\n".join(re.findall(r"image: \{\{ include .+", templates()))
    assert set(re.findall(r'"(api|worker-[a-z]+)"', lines)) == targets


def test_each_image_of_the_compose_file_is_built_by_one_service() -> None:
    for services in (own_services(), load(COMPOSE_GPU)["services"]):
        built = [of["image"] for of in services.values() if "build" in of]
        assert sorted(set(built)) == sorted(built)
        assert {of["image"] for of in services.values()} == set(built)


def test_the_port_is_the_same_everywhere() -> None:
    dockerfile = DOCKERFILE.read_text()
    port = re.findall(r"SMELT_PORT=(\d+)", dockerfile)
    assert port == [str(Settings.model_fields["port"].default)]
    assert re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE) == port
    assert re.findall(r"http://127\.0\.0\.1:(\d+)/", dockerfile) == port
    assert re.findall(r"SMELT_PORT, value: \"(\d+)\"", templates()) == port
    assert re.findall(r"name: http, containerPort: (\d+)", templates()) == port
    assert [of["ports"] for of in own_services().values() if "ports" in of] == [
        [f"127.0.0.1:{port[0]}:{port[0]}"]
    ]


def test_each_probe_is_a_route() -> None:
    routes = {route.path for route in health.routes}  # type: ignore[attr-defined]
    assert set(re.findall(r"httpGet: \{path: (\S+),", templates())) == routes == {"/healthz", "/readyz"}
    assert re.findall(r"http://127\.0\.0\.1:\d+(/\w+)'", DOCKERFILE.read_text()) == ["/healthz"]


def test_there_is_time_to_stop() -> None:
    """For a pool to give its work back; for the API, after its address has gone out of use, to end its replies."""
    assert Settings.model_fields["worker_grace"].default + MARGIN < STOP_SECONDS
    assert PRESTOP_SECONDS + GRACE_SECONDS < STOP_SECONDS
    assert {of["stop_grace_period"] for of in own_services().values()} == {f"{STOP_SECONDS}s"}
    assert load(CHART / "values.yaml")["terminationGracePeriodSeconds"] == STOP_SECONDS
    assert f'sleep, "{PRESTOP_SECONDS}"' in templates()
    assert templates().count("terminationGracePeriodSeconds:") == 3
    assert f"\nTimeoutStopSec={STOP_SECONDS}\n" in (UNITS / "smelt-.service.d/50-smelt.conf").read_text()


@pytest.mark.parametrize("service", ["api", "reconciler", *map(str, POOLS)])
def test_each_process_is_given_what_it_can_t_start_without(service: str) -> None:
    command = "worker" if service in set(map(str, POOLS)) else service
    needed = {variable(field) for field in NEEDED[command]}
    assert needed <= own_services()[service]["environment"].keys()
    files = ["smelt.env", "api.env"] if service == "api" else ["smelt.env"]
    assert needed <= {name for file in files for name in NAMED.findall((UNITS / file).read_text())}


def test_secrets_go_to_those_who_need_them() -> None:
    """The owner's login to the migrations alone, what signs tokens to the API alone."""
    signing = {"SMELT_JWT_SECRET", "SMELT_IP_HASH_SECRET"}
    for name, of in own_services().items():
        assert ("SMELT_MIGRATION_DATABASE_URL" in of["environment"]) == (name == "migrate")
        assert (signing & of["environment"].keys() == signing) == (name == "api")
    assert not signing & set(NAMED.findall((UNITS / "smelt.env").read_text()))


def test_no_secret_has_a_value() -> None:
    for path in FILES:
        for name, value in re.findall(r"^\s*([A-Z_]+)[=:] ?(.*)$", path.read_text(), re.MULTILINE):
            assert name not in SECRET_NAMES or value == "" or "${" in value, path
