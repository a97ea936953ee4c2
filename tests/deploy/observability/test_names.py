"""What dashboard, rules and pages name is counted; what is counted is named; each alert has its section."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

import api.middleware.metrics
import pipeline.metrics
from deploy.supervisor.pool_metrics import PoolMetrics
from pipeline.metrics.registry import REGISTRY, with_process
from pipeline.states import ErrorCode
from tests.deploy.observability import DASHBOARD, OPERATING, REFERENCE, SCRAPING, rules
from tests.test_architecture import ROOT

NAME = re.compile(r"\bsmelt_[a-z0-9_]*[a-z0-9]\b")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def defined() -> dict[str, Metric]:
    """Every metric of every process, by its name on the pages: of a counter with `_total`."""
    assert api.middleware.metrics
    for module in walk_packages(pipeline.metrics.__path__, "pipeline.metrics."):
        if not module.name.endswith(".counted"):
            import_module(module.name)
    found = [*REGISTRY.collect(), *with_process(CollectorRegistry()).collect()]
    with PoolMetrics("deliver", ["one"]) as pool:
        found += pool.registry.collect()
    ours = [metric for metric in found if metric.name.startswith("smelt_")]
    return {metric.name + ("_total" if metric.type == "counter" else ""): metric for metric in ours}


METRICS = defined()
SAMPLES = {metric.name + suffix: name for name, metric in METRICS.items() for suffix in SUFFIXES[metric.type]}


def expressions() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (rule["expr"] for rule in rules().values())


def section(title: str) -> str:
    return OPERATING.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_metric_that_is_asked_for_is_counted() -> None:
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    assert asked - SAMPLES.keys() == set()


def test_every_metric_that_is_counted_is_shown_or_watched() -> None:
    asked = {SAMPLES.get(name) for expression in expressions() for name in NAME.findall(expression)}
    assert METRICS.keys() - asked == set()


def test_the_page_has_every_metric_and_no_other() -> None:
    table = [
        line.split("|")[1] for line in REFERENCE.read_text().splitlines() if line.startswith("| `smelt_")
    ]
    assert {name for cell in table for name in NAME.findall(cell)} == METRICS.keys()
    text = NAME.findall(REFERENCE.read_text() + section("Alerts"))
    assert set(text) - METRICS.keys() == {"smelt_meta"}


def test_names_and_units_are_prometheus_s() -> None:
    for metric in METRICS.values():
        assert not re.search(r"_(count|sum|bucket|total|ms|minutes|hours)$", metric.name), metric.name
        assert metric.documentation.endswith((".", "receivers")), metric.name
        if metric.type == "histogram":
            assert metric.name.endswith(("_seconds", "_ratio")), metric.name


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    assert re.findall(r"^### (\w+)$", section("Alerts"), re.MULTILINE) == list(rules())
    for name, rule in rules().items():
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_panels_that_the_sections_name_are_there() -> None:
    titles = {panel["title"] for panel in json.loads(DASHBOARD.read_text())["panels"]}
    named = {name.replace("\n", " ") for name in re.findall(r"\*([A-Z][^*]+)\*", section("Alerts"))}
    assert named
    assert named <= titles


def test_codes_in_rules_are_ours() -> None:
    codes = set(re.findall(r'code=~"([^"]+)"', rules()["SmeltWorkFails"]["expr"])[0].split("|"))
    assert codes <= {code.value for code in ErrorCode}


def test_every_process_is_scraped() -> None:
    """Of the compose file, whose services are named after the Procfile's lines."""
    (job,) = yaml.safe_load(SCRAPING.read_text())["scrape_configs"]
    hosts = {target.split(":")[0] for static in job["static_configs"] for target in static["targets"]}
    assert hosts == {line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}
    assert job["job_name"] == "smelt"


def test_labels_have_few_values() -> None:
    """No label could hold whom a request or a piece of work belongs to."""
    allowed = {
        *(
            "queue",
            "tier",
            "outcome",
            "code",
            "status",
            "charged",
            "server",
            "of",
            "loop",
            "step",
            "kind",
            "pool",
        ),
        *("direction", "reply", "version", "method", "route"),
    }
    found = {
        label
        for collector in list(REGISTRY._collector_to_names)
        if isinstance(collector, MetricWrapperBase)
        for label in collector._labelnames
    }
    assert found
    assert found <= allowed
