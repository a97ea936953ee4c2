"""What `deploy/` holds for machines that aren't this one, read against the code: `make test` reads the files,
`make check-deploy` (by_tools.py) has other people's tools read them too.
"""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent.parent
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
COMPOSE = ROOT / "deploy/compose/compose.yaml"
COMPOSE_GPU = ROOT / "deploy/compose/compose.gpu.yaml"
COMPOSE_OBSERVABILITY = ROOT / "deploy/compose/compose.observability.yaml"
CHART = ROOT / "deploy/helm/smelt"
UNITS = ROOT / "deploy/systemd"
FOLDERS = (DOCKERFILE.parent, COMPOSE.parent, CHART, UNITS)
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file())

STOP_SECONDS = 45


def load(path: Path) -> dict[str, Any]:
    """A YAML document, its anchors and merges resolved."""
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def own_services() -> dict[str, dict[str, Any]]:
    """Those of the compose file that run Smelt."""
    services: dict[str, dict[str, Any]] = load(COMPOSE)["services"]
    return {name: of for name, of in services.items() if of["image"].startswith("smelt-")}


def image_targets() -> set[str]:
    """The stages of the Dockerfile that end in a command: the images."""
    stages = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), flags=re.MULTILINE)[1:]
    return {name for name, body in zip(stages[::2], stages[1::2], strict=True) if "\nCMD " in body}


def templates() -> str:
    return "\n".join(path.read_text() for path in sorted((CHART / "templates").glob("*.yaml")))
