"""The artifacts, read by other people's tools: `make check-deploy`. One that is missing fails, and says what it needs.

The tools of the lock beside this file take 150 MB, too much for the suite.
"""

import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.secrets import NEEDED
from pipeline.settings import Settings, variable
from tests.deploy.artifacts import CHART, COMPOSE, COMPOSE_GPU, COMPOSE_OBSERVABILITY, DOCKERFILE
from workers.pools.slots import POOLS

KUBERNETES = ("1.29.0", "1.37.0")
LEAST: dict[str, Any] = {"settings": {"SMELT_CONTENT_URL": "s3://bucket/prefix"}}
ALL: dict[str, Any] = {
    "settings": {**LEAST["settings"], "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
    "keda": {"enabled": True},
    "metrics": {"port": 9200},
    "pools": {
        "transcribe": {"gpu": True, "nodeSelector": {"zone": "a"}, "tolerations": [{"operator": "Exists"}]}
    },
    "gpu": {"runtimeClassName": "nvidia"},
    "secrets": {"content": "bucket"},
    "models": {"claim": "models"},
    "serviceAccount": {"annotations": {"role": "smelt"}},
    "image": {"prefix": "registry.example/smelt-", "pullSecrets": [{"name": "pull"}]},
    "networkPolicy": {
        "from": [{"namespaceSelector": {}}],
        "metricsFrom": [{"namespaceSelector": {}}],
        "postgres": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]},
        "redis": {"to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]},
        "egress": [{"ports": [{"protocol": "TCP", "port": 9000}]}],
    },
}
NONE: dict[str, Any] = {
    **LEAST,
    "migration": {"enabled": False},
    "metrics": {"port": None},
    "podDisruptionBudget": {"enabled": False},
    "networkPolicy": {"enabled": False},
    "serviceAccount": {"create": False},
}


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


# The images -----------------------------------------------------------------------------------------------


def hadolint(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("hadolint") is None:
        pytest.fail("hadolint is missing: run `make check-deploy`, which installs it")
    return run("hadolint", "--failure-threshold", "info", dockerfile)


def test_the_dockerfile_is_sound() -> None:
    linted = hadolint(DOCKERFILE)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_an_unsound_dockerfile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(DOCKERFILE.read_text().replace("USER 10001:10001", "USER root"))
    assert "DL3002" in hadolint(path).stdout


# The compose files ----------------------------------------------------------------------------------------


def read_compose(document: dict[str, Any]) -> None:
    """Raises ValueError for what the specification doesn't have. Merges are resolved before: they are YAML's."""
    read = import_module("compose_spec").PyCompose.from_yaml(yaml.safe_dump(document))
    read.validate()


def compose(*paths: Path) -> dict[str, Any]:
    """Merged as `docker compose -f … -f …` merges what is written here: mappings by their keys, all else replaced."""
    merged: dict[str, Any] = {}
    for path in paths:
        merge(merged, yaml.safe_load(path.read_text()))
    return merged


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


@pytest.mark.parametrize(
    "paths",
    [(COMPOSE,), (COMPOSE, COMPOSE_GPU), (COMPOSE, COMPOSE_OBSERVABILITY)],
    ids=["cpu", "gpu", "observed"],
)
def test_the_compose_files_are_sound(paths: tuple[Path, ...]) -> None:
    read_compose(compose(*paths))


@pytest.mark.parametrize(
    "change",
    [
        {"read_onyl": True},
        {"stop_grace_period": "forty"},
        {"networks": ["nowhere"]},
    ],
)
def test_an_unsound_compose_file_is_noticed(change: dict[str, Any]) -> None:
    document = compose(COMPOSE)
    document["services"]["api"] |= change
    with pytest.raises(ValueError, match=r"read_onyl|forty|nowhere"):
        read_compose(document)


# The chart ------------------------------------------------------------------------------------------------


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    """By Helm's own library, as `helm template`."""
    with import_module("helm_python.chart").Chart.load(CHART) as chart:
        files: dict[str, str] = chart.render(values, name="smelt", namespace="smelt")
    return [
        document
        for name, text in files.items()
        if name.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document is not None
    ]


def pods(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """By component, what its pods are to be."""
    for document in rendered(values):
        if document["kind"] in ("Deployment", "Job"):
            yield (
                document["metadata"]["labels"]["app.kubernetes.io/component"],
                document["spec"]["template"]["spec"],
            )


def check(document: dict[str, Any]) -> None:
    """Raises an exception for what Kubernetes or KEDA doesn't know, misspelt fields included."""
    if not document["apiVersion"].startswith("keda.sh/"):
        for version in KUBERNETES:
            import_module("kubernetes_validate").validate(document, version, strict=True)
        return
    # The model passes over fields that it doesn't know: then something is missing of what it gives back.
    kind = getattr(import_module("cloudcoil.models.keda.v1alpha1"), document["kind"])
    read = kind.model_validate(document).model_dump(by_alias=True, exclude_unset=True, mode="json")
    if read != document:
        raise ValueError(f"KEDA doesn't know all of {document}")


@pytest.mark.parametrize("values", [LEAST, ALL, NONE], ids=["least", "all", "none"])
def test_the_chart_is_sound(values: dict[str, Any]) -> None:
    report = import_module("helm_python.chart").lint(
        CHART, values, strict=True, kube_version=f"v{KUBERNETES[0]}"
    )
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", [LEAST, ALL, NONE], ids=["least", "all", "none"])
def test_all_that_the_chart_makes_is_known_to_kubernetes_and_keda(values: dict[str, Any]) -> None:
    documents = rendered(values)
    for document in documents:
        check(document)
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert len(set(names)) == len(names) > len(POOLS) + 3


@pytest.mark.parametrize(
    "kind", ["Deployment", "ScaledObject", "TriggerAuthentication", "NetworkPolicy", "Job"]
)
def test_a_misspelt_field_is_noticed(kind: str) -> None:
    document = next(document for document in rendered(ALL) if document["kind"] == kind)
    document["spec"]["misspelt"] = 1
    kinds = (import_module("jsonschema").ValidationError, ValueError)
    with pytest.raises(kinds, match="misspelt"):
        check(document)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"settings": {"SMELT_CONTENT_URL": "bucket"}},
        {"settings": {"SMELT_CONTENT_URL": "file:///content"}},
        {**LEAST, "pool": {}},
        {**LEAST, "terminationGracePeriodSeconds": 30},
        {"settings": {**LEAST["settings"], "DATABASE_URL": "postgresql://user:password@host/db"}},
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(import_module("helm_python.errors").HelmValuesError):
        rendered(values)


def test_each_process_gets_what_it_needs_and_no_more() -> None:
    variables = {variable(field) for field in Settings.model_fields}
    settings = {name for one in rendered(ALL) if one["kind"] == "ConfigMap" for name in one["data"]}
    assert settings <= variables
    for component, pod in pods(ALL):
        (container,) = pod["containers"]
        own = {one["name"] for one in container["env"]}
        assert own <= variables
        if component == "migration":
            assert own == {"SMELT_MIGRATION_DATABASE_URL"}
            continue
        command = container["args"][0]
        assert {variable(field) for field in NEEDED[command]} <= own | settings | {"SMELT_JWT_SECRET"}
        assert ("SMELT_JWT_SECRET" in own) == (component == "api")
        assert "SMELT_MIGRATION_DATABASE_URL" not in own


def test_every_pod_is_confined_and_has_time_to_stop() -> None:
    components = set()
    for component, pod in pods(ALL):
        components.add(component)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert component == "migration" or pod["terminationGracePeriodSeconds"] == 45
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= container["resources"].keys()
    assert components == {"api", "reconciler", "migration", *POOLS}


def test_each_process_is_scraped_and_probed_where_it_has_a_port() -> None:
    for values, port in ((LEAST, 9100), (ALL, 9200), (NONE, None)):
        deployments = [one for one in rendered(values) if one["kind"] == "Deployment"]
        assert len(deployments) == 2 + len(POOLS)
        for one in deployments:
            (container,) = one["spec"]["template"]["spec"]["containers"]
            environment = {each["name"]: each.get("value") for each in container["env"]}
            annotations = one["spec"]["template"]["metadata"]["annotations"]
            ports = {each["name"]: each["containerPort"] for each in container.get("ports", ())}
            assert ports.get("metrics") == port
            assert (
                environment.get("SMELT_METRICS_PORT")
                == annotations.get("prometheus.io/port")
                == (port and str(port))
            )
            own = one["metadata"]["labels"]["app.kubernetes.io/component"]
            assert (
                ("livenessProbe" in container)
                == ("readinessProbe" in container)
                == (bool(port) or own == "api")
            )


def test_a_gpu_goes_to_the_pool_that_asks_for_it() -> None:
    for component, pod in pods(ALL):
        (container,) = pod["containers"]
        on_gpu = component == "transcribe"
        assert ("worker-cuda:" in container["image"]) == on_gpu
        assert ("nvidia.com/gpu" in container["resources"]["limits"]) == on_gpu
        assert (pod.get("nodeSelector") == {"zone": "a", "nvidia.com/gpu.present": "true"}) == on_gpu
        assert pod.get("runtimeClassName") == ("nvidia" if on_gpu else None)
        assert len(pod.get("tolerations", [])) == (2 if on_gpu else 0)
    assert all("worker-cuda:" not in pod["containers"][0]["image"] for _, pod in pods(LEAST))


def test_each_pool_is_scaled_by_its_own_work_down_to_none() -> None:
    documents = rendered(ALL)
    scaled = [one["spec"] for one in documents if one["kind"] == "ScaledObject"]
    assert {one["scaleTargetRef"]["name"] for one in scaled} == {f"smelt-{pool}" for pool in POOLS}
    for one in scaled:
        (trigger,) = one["triggers"]
        pool = one["scaleTargetRef"]["name"].removeprefix("smelt-")
        assert f"'{pool}'" in trigger["metadata"]["query"]
        assert one["minReplicaCount"] == 0
    # A number of replicas in the chart would be set again by each upgrade, whatever the scaler had found.
    deployments = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == "Deployment"}
    assert {name for name, spec in deployments.items() if "replicas" in spec} == {
        "smelt-api",
        "smelt-reconciler",
    }
