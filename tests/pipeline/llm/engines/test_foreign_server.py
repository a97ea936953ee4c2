"""The engine against an OpenAI-compatible server that nobody here wrote: mockllm, with canned replies.

It streams a character at a time, and tells neither usage nor context size. `make interop` tries a larger one.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from tests.support.waiting import wait_until

CANNED = "# Summary\n\nThe launch is in May: “früh”, 五月.\n"
NOTES = Document("notes.md", Transcript.of_text("The launch is in May. Bob books the room."))


@pytest.fixture(scope="module")
def foreign_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mockllm")
    replies = folder / "replies.yml"
    replies.write_text(_yaml(CANNED), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "mockllm.server:app", "--port", str(port)],
        env={**os.environ, "MOCKLLM_RESPONSES_FILE": str(replies)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port, process))
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def test_a_canned_reply_comes_through_whole(foreign_url: str) -> None:
    engine = LlmEngine(
        base_url=foreign_url, api_key=None, model="gpt-4o", context_tokens=16_000, parallel=2, timeout=30
    )
    shares: list[float] = []
    try:
        result = engine.apply(PromptSpec(DefaultPromptName.SUMMARIZE), [NOTES], shares.append)
    finally:
        engine.close()

    assert result.markdown.strip() == CANNED.strip()
    assert result.model
    assert result.input_tokens > 0  # estimated, because this server doesn't say
    assert result.output_tokens > 0
    assert shares == sorted(shares)


def test_input_that_is_too_long_is_split_for_it(foreign_url: str) -> None:
    engine = LlmEngine(
        base_url=foreign_url, api_key=None, model="gpt-4o", context_tokens=4_000, parallel=4, timeout=30
    )
    long = Document("long.md", Transcript.of_text("An ordinary sentence went by. " * 2_000))
    try:
        result = engine.apply(PromptSpec(DefaultPromptName.SUMMARIZE), [long], lambda _: None)
    finally:
        engine.close()

    assert result.markdown.strip() == CANNED.strip()  # that of the merging call
    assert result.input_tokens > 8_000


def _yaml(reply: str) -> str:
    indented = "".join(f"    {line}\n" if line else "\n" for line in reply.splitlines())
    return f"responses: {{}}\ndefaults:\n  unknown_response: |\n{indented}"


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    try:
        return httpx.get(f"http://127.0.0.1:{port}/models", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
