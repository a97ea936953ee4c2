"""The API as a process of its own: it says where it listens, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.main import listen
from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings
from tests.support.scraping import answers

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def started(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it has logged."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.main import main; main()"],
        env=child_environment(settings),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, next(line.split()[-1] for line in process.stdout if "listens on" in line)
    finally:
        process.kill()
        process.communicate()


def test_it_prints_its_address_and_stops_on_a_signal(settings: Settings) -> None:
    with started(settings) as (process, url):
        reply = httpx.get(f"{url}/readyz", trust_env=False)
        assert (reply.status_code, "server" in reply.headers) == (200, False)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert "Application shutdown complete" in said  # a signal that nobody handles has the same exit code
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in said


@pytest.mark.parametrize("setting", ["port", "metrics_port"])
def test_a_taken_port_ends_it_with_one_line(settings: Settings, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = settings.model_copy(update={setting: other.getsockname()[1]})
        ended = subprocess.run(
            [sys.executable, "-c", "from api.main import main; main()"],
            env=child_environment(taken),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == os.EX_CONFIG
    assert f"SMELT_{setting.upper()}" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_metrics_are_served_on_a_port_of_their_own(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with started(settings.model_copy(update={"metrics_port": port})) as (process, url):
        assert httpx.get(f"{url}/metrics", trust_env=False).status_code == 404
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        assert 'smelt_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text
        assert [answers(port, path, 200) for path in ("/healthz", "/readyz")] == [True, True]
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert "Application shutdown complete" in said


@pytest.mark.parametrize("public", [True, False])
def test_metrics_are_public_only_for_those_who_want_it(settings: Settings, public: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    changes = {"port": port, "metrics_port": port if public else None}
    with started(settings.model_copy(update=changes)) as (_, url):
        assert httpx.get(f"{url}/metrics", trust_env=False).status_code == (200 if public else 404)


def test_the_address_of_everybody_takes_both_kinds_of_addresses() -> None:
    with listen("::", 0) as listener:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, listener.getsockname()[1]), timeout=5).close()
