"""The engine against LiteLLM's proxy, a server that nobody here wrote: `make interop`.

The proxy pins another version of the openai package than Smelt needs, so it lives in an environment of its own, which
`make interop` makes; it is too large for the suite. One of its models is a canned reply, another the tests' own server
behind it, so that faults, lengths and hang-ups go through its translation.
"""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from pipeline.errors import LostLease, RateLimited, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.support.llm_server import LlmServer, Step, error, running
from tests.support.waiting import wait_until

PROXY = Path(".venv-interop/bin/litellm")
KEY = "sk-interop"
CANNED = "# Summary\n\nThe launch is in May."
SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
LAST = "The safe opens with forty two."
LONG = Document("long.md", Transcript.of_text("An ordinary sentence went by. " * 20_000 + LAST))
SHORT = Document("notes.md", Transcript.of_text("The launch is in May. Bob books the room."))


@pytest.fixture(scope="module")
def upstream() -> Iterator[LlmServer]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh(upstream: LlmServer) -> Iterator[None]:
    yield
    upstream.script.clear()
    upstream.calls.clear()
    upstream.default, upstream.context_tokens = Step(), None


@pytest.fixture(scope="module")
def proxy(upstream: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its base URL."""
    folder = tmp_path_factory.mktemp("litellm")
    behind = {"model": "openai/fake-model", "api_base": upstream.url, "api_key": "none"}
    config = {
        "model_list": [
            {"model_name": "canned", "litellm_params": {**behind, "mock_response": CANNED}},
            {"model_name": "behind", "litellm_params": behind},
        ],
        "litellm_settings": {"telemetry": False, "num_retries": 0},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": KEY},
    }
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PROXY.absolute()), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    # Without this it fetches a table of prices at its start.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: _answers(process, port), within=60)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "the proxy has ended"
    try:
        reply = httpx.get(f"http://127.0.0.1:{port}/health/liveliness", trust_env=False)
    except httpx.TransportError:
        return False
    return reply.is_success


@pytest.fixture
def behind(proxy: str) -> Iterator[LlmEngine]:
    engine = _engine(proxy, "behind")
    yield engine
    engine.close()


def _engine(proxy: str, model: str) -> LlmEngine:
    return LlmEngine(
        base_url=proxy, api_key=SecretStr(KEY), model=model, context_tokens=128_000, parallel=4, timeout=20
    )


def _ignore(_share: float) -> None:
    pass


def test_a_canned_reply_comes_back_whole_with_its_counts(proxy: str) -> None:
    engine = _engine(proxy, "canned")
    result = engine.apply(SUMMARIZE, [SHORT], _ignore)
    engine.close()
    assert result.markdown == CANNED
    assert result.input_tokens > 0
    assert result.output_tokens > 0


def test_a_long_input_arrives_whole_and_its_last_fact_comes_back(
    behind: LlmEngine, upstream: LlmServer
) -> None:
    result = behind.apply(SUMMARIZE, [LONG], _ignore)
    first_round = [call for call in upstream.calls if "answers to this task" not in call.text]
    assert len(first_round) > 1
    assert sum(call.input.count("An ordinary sentence went by.") for call in first_round) == 20_000
    assert LAST in result.markdown


def test_what_the_model_behind_finds_too_long_is_split(behind: LlmEngine, upstream: LlmServer) -> None:
    upstream.context_tokens = 30_000
    assert LAST in behind.apply(SUMMARIZE, [LONG], _ignore).markdown


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (error(429, "rate_limit_exceeded", Retry_After="7"), ErrorCode.API_RATE_LIMITED),
        (error(503, "overloaded"), ErrorCode.API_UNAVAILABLE),
        (error(401, "invalid_api_key"), ErrorCode.API_KEY_INVALID),
        (Step(finish="content_filter", text="Half"), ErrorCode.CONTENT_FILTERED),
        (Step(die_after=2), ErrorCode.API_UNAVAILABLE),
    ],
    ids=["rate limit", "overloaded", "bad key", "filtered", "dies half-way"],
)
def test_a_fault_of_the_model_behind_keeps_its_meaning(
    behind: LlmEngine, upstream: LlmServer, step: Step, code: ErrorCode
) -> None:
    upstream.default = step
    with pytest.raises(WorkError) as caught:
        behind.apply(SUMMARIZE, [SHORT], _ignore)
    assert caught.value.code is code
    assert isinstance(caught.value, RateLimited) == (code is ErrorCode.API_RATE_LIMITED)


def test_a_stop_hangs_up_on_the_model_behind(behind: LlmEngine, upstream: LlmServer) -> None:
    upstream.default = Step(stall_after=2)

    def progress(share: float) -> None:
        if share > 0:
            raise LostLease

    with pytest.raises(LostLease):
        behind.apply(SUMMARIZE, [SHORT], progress)
    assert upstream.calls[0].left.wait(5.0)
