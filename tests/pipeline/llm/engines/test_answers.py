"""A server that answers nobody is away; one that answers all but one input is not."""

import socket
import threading
import time

import pytest

from pipeline import circuit_breaker
from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.answers import Answers
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import HARMLESS
from pipeline.retry import TryAgain, decide
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode, WaitingFor
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import STEPS, LlmServer, Step, error, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
MINE, OTHER = b"mine", b"another"


def failure(engine: object, text: str = "Ann ships.") -> WorkError:
    with pytest.raises(WorkError) as caught:
        engine.apply(SUMMARIZE, [Document("a.md", Transcript.of_text(text))], lambda _: None)  # type: ignore[attr-defined]
    return caught.value


def test_what_is_told_of_an_input_without_an_answer() -> None:
    answers, before = Answers(), time.monotonic()
    answers.note(before)
    assert [answers.is_outage(MINE) for _ in range(3)] == [True, True, True]
    answers.note(before)  # a long answer that had begun before the outage
    assert answers.is_outage(MINE)
    answers.note(time.monotonic())
    assert answers.is_outage(OTHER)
    assert not answers.is_outage(MINE)
    assert answers.is_outage(OTHER)


def test_an_input_that_was_answered_is_forgotten() -> None:
    answers = Answers()
    assert answers.is_outage(MINE)
    answers.note(time.monotonic())
    answers.forget(MINE)
    assert not answers.doubtful
    assert answers.is_outage(MINE)


def test_something_harmless_is_asked_only_where_nobody_else_tells_and_not_often() -> None:
    answers = Answers()
    assert not answers.unsure(MINE)
    answers.is_outage(MINE)
    answers.note(time.monotonic())
    assert not answers.unsure(MINE)
    answers.is_outage(MINE)
    assert [answers.unsure(MINE), answers.unsure(MINE)] == [True, False]


@pytest.mark.parametrize("step", [STEPS["unavailable"], Step(status=500, error="no"), Step(latency=5.0)])
def test_a_server_that_answers_nobody_is_away(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.llm.engines.llm.ANSWER_SECONDS", 0.5)
    engine = make_llm_engine(timeout=0.5)
    llm.default = step
    assert [failure(engine).waiting_for for _ in range(3)] == [WaitingFor.LANGUAGE_MODEL] * 3
    assert [call.body["messages"] for call in llm.calls].count(HARMLESS) == 1


@pytest.mark.parametrize("step", [STEPS["unavailable"], Step(latency=5.0)])
def test_an_input_that_the_server_breaks_down_on_counts_from_the_second_time(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step
) -> None:
    """Nobody else is there: it is asked whether it answers anything."""
    engine = make_llm_engine(timeout=0.5)
    llm.script.extend([step, step])
    assert failure(engine).waiting_for is WaitingFor.LANGUAGE_MODEL
    assert failure(engine).waiting_for is None
    assert llm.calls[-1].body["messages"] == HARMLESS


def test_an_input_that_others_are_answered_beside_counts(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    engine = make_llm_engine()
    llm.script.extend([STEPS["unavailable"], Step(), STEPS["unavailable"]])
    assert failure(engine).waiting_for is WaitingFor.LANGUAGE_MODEL
    engine.apply(SUMMARIZE, [Document("b.md", Transcript.of_text("Bob ships."))], lambda _: None)
    assert failure(engine).waiting_for is None
    assert len(llm.calls) == 3


@pytest.mark.parametrize("step", [STEPS["die"], Step(finish="error"), Step(stall_after=2)])
def test_a_server_that_breaks_off_its_answer_is_there(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step
) -> None:
    llm.default = step
    assert failure(make_llm_engine(timeout=0.5)).waiting_for is None


def _plain(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/v1", "http://nowhere.invalid/v1"])
def test_where_no_connection_comes_about_it_is_an_outage_every_time(
    make_llm_engine: MakeEngine, url: str
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        engine = make_llm_engine(base_url=url.format(port=closed.getsockname()[1]))
        for _ in range(3):
            error = failure(engine)
            assert (error.code, error.waiting_for) == (ErrorCode.API_UNAVAILABLE, WaitingFor.LANGUAGE_MODEL)


def test_where_no_connection_comes_about_it_is_an_outage_though_others_were_answered(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    """What was never sent can't be the input's doing."""
    engine = make_llm_engine(timeout=0.5)
    llm.script.append(STEPS["unavailable"])
    assert failure(engine).waiting_for is WaitingFor.LANGUAGE_MODEL
    engine.apply(SUMMARIZE, [Document("b.md", Transcript.of_text("Bob ships."))], lambda _: None)
    llm.leave()
    assert failure(engine).waiting_for is WaitingFor.LANGUAGE_MODEL


def test_without_tls_it_is_an_outage_every_time(make_llm_engine: MakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_plain, args=(server,), daemon=True)
        thread.start()
        engine = make_llm_engine(base_url=f"https://127.0.0.1:{server.getsockname()[1]}/v1")
        for _ in range(3):
            assert failure(engine).waiting_for is WaitingFor.LANGUAGE_MODEL


@pytest.mark.parametrize("name", ["quota", "bad_key", "filtered", "empty", "rate_limited"])
def test_what_the_server_says_of_the_part_is_no_outage(
    llm: LlmServer, make_llm_engine: MakeEngine, name: str
) -> None:
    llm.default = STEPS[name]
    assert failure(make_llm_engine()).waiting_for is None


LOADING: list[tuple[str, Step]] = [
    ("llama.cpp", STEPS["loading"]),
    ("TGI", Step(503, error={"error": "Model gpt-test is currently loading", "estimated_time": 20.0})),
    ("too early", error(425, message="The model is loading, please wait.")),
    ("conflict", error(409, message="Model is still loading")),
    ("not found", error(404, message="The model gpt-test is warming up")),
    ("failed dependency", error(424, message="Loading model")),
    ("in the stream", Step(raw=event(error={"code": 503, "message": "Loading model"}))),
]


@pytest.mark.parametrize("step", [step for _, step in LOADING], ids=[name for name, _ in LOADING])
def test_a_server_that_loads_its_model_is_waited_for_at_no_cost(
    llm: LlmServer, make_llm_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    monkeypatch.setattr(circuit_breaker, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(circuit_breaker, "LONGEST_PAUSE", 0.01)
    engine, waited = make_llm_engine(), 0.0
    llm.default = step
    for attempt in range(1, 6):
        decision = decide(failure(engine), 0, 3, attempt)
        assert isinstance(decision, TryAgain)
        assert (decision.counts, decision.waiting_for) == (False, WaitingFor.LANGUAGE_MODEL)
        waited += decision.delay
    assert 25.0 < waited < 60.0
    llm.default = Step()
    document = Document("a.md", Transcript.of_text("Ann ships."))
    time.sleep(0.01)  # the circuit's pause
    assert engine.apply(SUMMARIZE, [document], lambda _: None).markdown == "Ann ships."


@pytest.mark.parametrize(
    "message", ["No model is loaded.", "The model can't be loaded.", "Loading docks are no models"]
)
def test_a_model_that_nobody_loads_is_not_waited_for(
    llm: LlmServer, make_llm_engine: MakeEngine, message: str
) -> None:
    llm.default = error(404, message=message)
    assert not failure(make_llm_engine()).retryable
