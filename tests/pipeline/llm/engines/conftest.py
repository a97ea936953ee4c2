"""A fake provider for each test, and engines that speak to it."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from pipeline.llm.engines.llm import LlmEngine
from tests.support.llm_server import LlmServer, running

MakeEngine = Callable[..., LlmEngine]


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with running() as server:
        yield server


@pytest.fixture
def make_llm_engine(llm: LlmServer) -> Iterator[MakeEngine]:
    made: list[LlmEngine] = []

    def make(
        *,
        context_tokens: int = 128_000,
        parallel: int = 4,
        timeout: float = 20.0,
        base_url: str | None = None,
    ) -> LlmEngine:
        engine = LlmEngine(
            base_url=base_url or llm.url,
            api_key=SecretStr("sk-secret-key"),
            model="gpt-test",
            context_tokens=context_tokens,
            parallel=parallel,
            timeout=timeout,
        )
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()
