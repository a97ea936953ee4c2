"""The engine around the calls: progress, stopping, closing."""

import threading
import time
from itertools import pairwise

import pytest

from pipeline.errors import GiveBack, LostLease
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import LlmServer, Step

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
DOCUMENTS = [Document("notes.md", Transcript.of_text("One sentence. " * 4_000))]


def test_progress_is_told_at_least_once_a_second_and_ends_at_one(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.default = Step(latency=1.2)
    told: list[tuple[float, float]] = []
    make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda share: told.append((time.monotonic(), share)))
    times, shares = [at for at, _ in told], [share for _, share in told]
    assert max(b - a for a, b in pairwise(times)) < 1.0
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0


@pytest.mark.parametrize("stop", [LostLease(), GiveBack(), KeyboardInterrupt()])
def test_what_progress_raises_hangs_up_on_every_call_in_flight(
    llm: LlmServer, make_llm_engine: MakeEngine, stop: BaseException
) -> None:
    llm.default = Step(stall_after=1)

    def progress(_share: float) -> None:
        if len(llm.calls) == 3:
            raise stop

    begun = time.monotonic()
    with pytest.raises(type(stop)) as caught:
        make_llm_engine(context_tokens=8_000, parallel=3).apply(SUMMARIZE, DOCUMENTS, progress)
    assert caught.value is stop
    assert time.monotonic() - begun < 3.0
    assert all(call.left.wait(2.0) for call in llm.calls)
    assert len(llm.calls) == 3


def test_the_engine_works_again_after_a_stop(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    engine = make_llm_engine()

    def stop(_share: float) -> None:
        raise LostLease

    with pytest.raises(LostLease):
        engine.apply(SUMMARIZE, DOCUMENTS, stop)
    assert engine.apply(SUMMARIZE, DOCUMENTS, lambda _share: None).markdown == "One sentence."


def test_closing_ends_the_thread(llm: LlmServer) -> None:
    before = set(threading.enumerate())
    engine = LlmEngine(base_url=llm.url, api_key=None, model="m", context_tokens=9_000, parallel=1, timeout=5)
    assert set(threading.enumerate()) - before == set()  # none is started before the first call
    engine.apply(SUMMARIZE, DOCUMENTS, lambda _share: None)
    engine.close()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "llm"]


def test_calls_share_connections(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    engine = make_llm_engine()
    for _ in range(5):
        engine.apply(SUMMARIZE, DOCUMENTS[:1], lambda _share: None)
    assert llm.connections == 1
