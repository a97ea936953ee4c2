"""The fake provider by itself, as end-to-end tests and benchmarks run it."""

import json
import subprocess
import sys
from pathlib import Path

import httpx


def test_it_runs_as_a_program_prints_its_address_and_logs_calls(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.support.llm_server",
        "--log",
        str(log),
        "--api-key",
        "k",
        "--script",
        "unavailable",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            body = {"model": "m", "messages": [{"role": "user", "content": "First one. Middle. Last one."}]}
            with httpx.Client(headers={"authorization": "Bearer k"}, trust_env=False) as client:
                assert client.post(f"{url}/chat/completions", json=body).status_code == 503
                answer = client.post(f"{url}/chat/completions", json=body).json()
                assert client.get(f"{url}/models").status_code == 200
                assert client.get(f"{url}/models", headers={"authorization": "Bearer x"}).status_code == 401
        finally:
            process.terminate()
    assert answer["choices"][0]["message"]["content"] == "First one.\n\nLast one."
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert [call["messages"] for call in logged] == [body["messages"]] * 2


def test_an_unknown_fault_is_refused() -> None:
    command = [sys.executable, "-m", "tests.support.llm_server", "--script", "nonsense"]
    assert subprocess.run(command, capture_output=True, timeout=30, check=False).returncode != 0
