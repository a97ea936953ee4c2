"""What a process says on its metrics port, read as Prometheus would."""

import socket

import httpx
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.metrics.registry import REGISTRY

Labels = frozenset[tuple[str, str]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self._samples: dict[tuple[str, Labels], float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __getitem__(self, name: str) -> float:
        """Of a series without labels. Raises KeyError."""
        return self.of(name)

    def of(self, name: str, **labels: str) -> float:
        """Raises KeyError where there is no such series."""
        return self._samples[name, frozenset(labels.items())]

    def total(self, name: str, **labels: str) -> float:
        """Over all series of that name that have these labels among theirs."""
        wanted = frozenset(labels.items())
        return sum(
            value for (own, theirs), value in self._samples.items() if own == name and wanted <= theirs
        )


def told() -> Scrape:
    """What this process has counted."""
    return Scrape(generate_latest(REGISTRY).decode())


def rise(before: Scrape, name: str, **labels: str) -> float:
    """What this process has counted since, over all series of that name with these labels."""
    return told().total(name, **labels) - before.total(name, **labels)


def scrape(port: int) -> Scrape:
    return Scrape(ask(port, "/metrics").raise_for_status().text)


def ask(port: int, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=10)


def answers(port: int, path: str, status: int) -> bool:
    """False while nobody listens, too."""
    try:
        return ask(port, path).status_code == status
    except httpx.TransportError:
        return False
