"""The metrics port answers three questions and no other."""

import socket

import pytest
from prometheus_client import CollectorRegistry, Counter

from pipeline.checks import NotReady
from pipeline.metrics.server import CannotListen, serving
from tests.support.scraping import ask, free_port, scrape

HOST = "127.0.0.1"


def fine() -> None:
    """Nothing is wrong."""


def refuse() -> None:
    raise NotReady("The model isn't loaded.", "a detail for the log")


def test_it_tells_what_is_counted_and_how_the_process_is() -> None:
    registry, port = CollectorRegistry(), free_port()
    Counter("things", "Things.", registry=registry).inc(3)
    with serving(HOST, port, registry, fine, refuse):
        assert scrape(port)["things_total"] == 3
        assert (ask(port, "/healthz").status_code, ask(port, "/healthz").text) == (200, "ok\n")
        assert (ask(port, "/readyz").status_code, ask(port, "/readyz").text) == (
            503,
            "The model isn't loaded.\n",
        )
        assert ask(port, "/v1/smelts").status_code == 404
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect((HOST, port))


def test_nothing_is_served_unless_a_port_is_set() -> None:
    with serving(HOST, None, CollectorRegistry(), refuse, refuse):
        pass


def test_a_port_that_is_taken_is_named_by_its_setting() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(CannotListen, match=f"SMELT_METRICS_PORT {port}"),
            serving(HOST, port, CollectorRegistry(), fine, fine),
        ):
            pass
