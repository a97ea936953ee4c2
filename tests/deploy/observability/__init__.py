"""Dashboard and rules, read against the code by `test_names.py` and by Prometheus itself by `make test-alerts`."""

from pathlib import Path
from typing import Any

import yaml

from tests.test_architecture import ROOT

FOLDER = ROOT / "deploy/observability"
RULES = FOLDER / "rules.yml"
DASHBOARD = FOLDER / "dashboard.json"
SCRAPING = FOLDER / "prometheus.yml"
REFERENCE = ROOT / "docs/metrics.md"
OPERATING = ROOT / "docs/operating.md"


def rules(path: Path = RULES) -> dict[str, dict[str, Any]]:
    """The alerts by name, in their order."""
    groups = yaml.safe_load(path.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}
