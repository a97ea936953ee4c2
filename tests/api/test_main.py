"""The API as a process of its own: it says where it listens, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from api.main import listen
from deploy.environment import child_environment
from pipeline.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def test_it_prints_its_address_and_stops_on_a_signal(settings: Settings) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.main import main; main()"],
        env=child_environment(settings),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        reply = httpx.get(f"{url}/readyz", trust_env=False)
        assert (reply.status_code, "server" in reply.headers) == (200, False)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in errors


def test_a_taken_port_ends_it_with_one_line(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = settings.model_copy(update={"port": other.getsockname()[1]})
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
    assert "SMELT_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_address_of_everybody_takes_both_kinds_of_addresses() -> None:
    with listen("::", 0) as listener:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, listener.getsockname()[1]), timeout=5).close()
