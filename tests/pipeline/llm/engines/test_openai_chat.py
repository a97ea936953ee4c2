"""One call to a provider: every fault that it can have, over real HTTP."""

import logging
import socket
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipeline.errors import LostLease, RateLimited, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import STEPS, LlmServer, Step, error, event
from tests.support.scraping import rise, told

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
CONTENT = "The private budget is ninety. The launch is in May."
DOCUMENTS = [Document("notes.md", Transcript.of_text(CONTENT))]


def _ignore(_share: float) -> None:
    pass


def _failure(engine: LlmEngine) -> WorkError:
    with pytest.raises(WorkError) as caught:
        engine.apply(SUMMARIZE, DOCUMENTS, _ignore)
    return caught.value


def test_an_answer_comes_back_with_the_provider_s_own_counts(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore)
    assert result.markdown == "The private budget is ninety.\n\nThe launch is in May."
    assert result.model == "gpt-test"
    assert result.input_tokens == len(llm.calls[0].text.split()) * 4 // 3
    assert result.output_tokens == len(result.markdown.split()) * 4 // 3
    assert llm.calls[0].body["model"] == "gpt-test"
    assert llm.calls[0].key == "sk-secret-key"


def test_without_usage_the_counts_are_estimates(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(usage=False)
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore)
    assert result.input_tokens > 300
    assert result.output_tokens > 10


def test_an_odd_count_for_a_short_prompt_is_believed(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(read_tokens=3)
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).input_tokens == 3


def stream(delta: object, *, finish: object = "stop", **more: object) -> Step:
    """A chunk with this delta, then the end as some servers write it, without one."""
    chunk = event(choices=[{"index": 0, "delta": delta, "finish_reason": None}])
    end = event(choices=[{"index": 0, "finish_reason": finish}])
    return Step(raw=chunk + end + (event(**more) if more else b"") + b"data: [DONE]\n\n")


def error_event(**fields: object) -> Step:
    return Step(raw=event(error={"message": "secret provider text", **fields}))


FAULTS: list[tuple[str, Step, ErrorCode, bool]] = [
    ("bad key", error(401, "invalid_api_key"), ErrorCode.API_KEY_INVALID, False),
    ("forbidden", error(403, "unsupported_country"), ErrorCode.API_KEY_INVALID, False),
    ("no quota", error(429, "insufficient_quota"), ErrorCode.API_QUOTA_EXHAUSTED, False),
    ("payment required", error(402), ErrorCode.API_QUOTA_EXHAUSTED, False),
    ("rate limit", error(429, "rate_limit_exceeded"), ErrorCode.API_RATE_LIMITED, True),
    ("no such model", error(404, "model_not_found"), ErrorCode.SYNTHESIS_FAILED, False),
    ("bad request", error(400, "invalid_request_error"), ErrorCode.SYNTHESIS_FAILED, False),
    ("redirect", Step(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), ErrorCode.SYNTHESIS_FAILED, False),
    ("overloaded", error(503), ErrorCode.API_UNAVAILABLE, True),
    ("internal error", error(500), ErrorCode.API_UNAVAILABLE, True),
    ("gateway's page", Step(status=502, error="<html>Bad gateway</html>"), ErrorCode.API_UNAVAILABLE, True),
    ("a field's length", error(400, message="max length of field user is 64"), ErrorCode.SYNTHESIS_FAILED, False),
    ("no quota in a list", Step(429, error=[{"error": {"code": "insufficient_quota"}}]),
     ErrorCode.API_QUOTA_EXHAUSTED, False),
    ("filtered request", error(400, "content_filter"), ErrorCode.CONTENT_FILTERED, False),
    ("filtered answer", Step(text="Half", finish="content_filter"), ErrorCode.CONTENT_FILTERED, False),
    ("empty answer", Step(text=" \n"), ErrorCode.SYNTHESIS_FAILED, True),
    ("thoughts only", Step(text="<think>Hm.</think>"), ErrorCode.SYNTHESIS_FAILED, True),
    ("thoughts without an end", STEPS["thoughts"], ErrorCode.SYNTHESIS_FAILED, True),
    ("thoughts behind a preface", Step(text="Let me think.\n<think>\nOkay"), ErrorCode.SYNTHESIS_FAILED, True),
    ("thoughts in a channel", Step(text="<|channel|>analysis<|message|>Hm"), ErrorCode.SYNTHESIS_FAILED, True),
    ("dies before the answer", Step(die_after=0), ErrorCode.API_UNAVAILABLE, True),
    ("dies half-way", Step(die_after=2), ErrorCode.API_UNAVAILABLE, True),
    ("ends without an end", Step(finish=None, done=False), ErrorCode.API_UNAVAILABLE, True),
    ("no JSON", Step(raw=b"data: {broken\n\n"), ErrorCode.SYNTHESIS_FAILED, True),
    ("other JSON", Step(raw=b'data: {"choices": [{"x": 1}]}\n\n'), ErrorCode.SYNTHESIS_FAILED, True),
    ("a list", Step(raw=b"data: [1, 2]\n\n"), ErrorCode.SYNTHESIS_FAILED, True),
    ("a page", Step(raw=b"<html>Welcome</html>"), ErrorCode.SYNTHESIS_FAILED, True),
    ("no stream", Step(raw=b'{"choices": [{"message": {"content": "Half'), ErrorCode.SYNTHESIS_FAILED, True),
    ("nothing but the end", Step(raw=b"data: [DONE]\n\n"), ErrorCode.SYNTHESIS_FAILED, True),
    ("broken off by its own word", Step(finish="error"), ErrorCode.API_UNAVAILABLE, True),
    ("broken off on its way", Step(finish="network_error"), ErrorCode.API_UNAVAILABLE, True),
    ("nested too deep", Step(raw=b"data: " + b"[" * 200_000 + b"\n\n"), ErrorCode.SYNTHESIS_FAILED, True),
    ("text that is a number", stream({"content": 5}), ErrorCode.SYNTHESIS_FAILED, True),
    ("text that is a list of numbers", stream({"content": [5]}), ErrorCode.SYNTHESIS_FAILED, True),
    ("words where a delta belongs", stream("secret provider text"), ErrorCode.SYNTHESIS_FAILED, True),
    ("an end that is no word", stream({"content": "Half"}, finish=[1]), ErrorCode.SYNTHESIS_FAILED, True),
    ("an error that can't be decoded", Step(503, {"content-encoding": "gzip"}, "secret provider text"),
     ErrorCode.API_UNAVAILABLE, True),
    ("an error that breaks off", Step(503, {"content-length": "99", "connection": "close"}, "secret provider text"),
     ErrorCode.API_UNAVAILABLE, True),
    ("too many tokens together", error(429, message="Too many tokens, please wait before trying again."),
     ErrorCode.API_RATE_LIMITED, True),
    ("error in the stream", error_event(), ErrorCode.API_UNAVAILABLE, True),
    ("its status in words", error_event(type="overloaded_error"), ErrorCode.API_UNAVAILABLE, True),
    ("its status in figures", error_event(code=503), ErrorCode.API_UNAVAILABLE, True),
    ("bad key in the stream", error_event(code="invalid_api_key", type="invalid_request_error"),
     ErrorCode.API_KEY_INVALID, False),
    ("401 in the stream", error_event(code="401"), ErrorCode.API_KEY_INVALID, False),
    ("403 in the stream", error_event(code=403), ErrorCode.API_KEY_INVALID, False),
    ("402 in the stream", error_event(code=402), ErrorCode.API_QUOTA_EXHAUSTED, False),
    ("no quota in the stream", error_event(code="insufficient_quota"), ErrorCode.API_QUOTA_EXHAUSTED, False),
    ("429 in the stream", error_event(code=429), ErrorCode.API_RATE_LIMITED, True),
    ("rate limit in the stream", error_event(type="rate_limit_error"), ErrorCode.API_RATE_LIMITED, True),
    ("bad request in the stream", error_event(status=400), ErrorCode.SYNTHESIS_FAILED, False),
    ("filtered in the stream", error_event(code="content_filter"), ErrorCode.CONTENT_FILTERED, False),
]  # fmt: skip


@pytest.mark.parametrize(("step", "code", "retryable"), [c[1:] for c in FAULTS], ids=[c[0] for c in FAULTS])
def test_a_fault_becomes_its_code_and_tells_nothing_else(
    llm: LlmServer,
    make_llm_engine: MakeEngine,
    caplog: pytest.LogCaptureFixture,
    *,
    step: Step,
    code: ErrorCode,
    retryable: bool,
) -> None:
    llm.default = step
    before = told()
    with caplog.at_level(logging.INFO):
        failure = _failure(make_llm_engine())
    assert (failure.code, failure.retryable) == (code, retryable)
    assert rise(before, "smelt_llm_calls_total", outcome="answered") in (0, int(step.status == 200))
    assert rise(before, "smelt_llm_calls_total") == rise(before, "smelt_llm_call_seconds_count") == 1
    assert isinstance(failure, RateLimited) == (code is ErrorCode.API_RATE_LIMITED)
    assert len(llm.calls) == 1
    shown = caplog.text + "".join(traceback.format_exception(failure)) + repr(failure.__context__)
    for secret in ("private budget", "secret provider text", "sk-secret-key"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after-ms": "1500"}, 1.5, 1.5),
        ({"retry-after": "-3"}, 0, 0),
        ({"retry-after": "1e99"}, 86_400, 86_400),
        ({"retry-after": "soon", "x-ratelimit-reset-requests": "1m30.5s"}, 90.5, 90.5),
        (
            {
                "x-ratelimit-reset-requests": "9s",
                "x-ratelimit-remaining-requests": "5",
                "x-ratelimit-reset-tokens": "20ms",
            },
            0.02,
            0.02,
        ),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(
    llm: LlmServer, make_llm_engine: MakeEngine, headers: dict[str, str], low: float, high: float
) -> None:
    llm.default = error(429, "rate_limit_exceeded", **headers)
    failure = _failure(make_llm_engine())
    assert isinstance(failure, RateLimited)
    assert failure.retry_after is not None
    assert low <= failure.retry_after <= high


def test_a_rate_limit_may_name_a_date(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    llm.default = error(429, "rate_limit_exceeded", **{"retry-after": then})
    failure = _failure(make_llm_engine())
    assert isinstance(failure, RateLimited)
    assert failure.retry_after is not None
    assert 500 <= failure.retry_after <= 600


@pytest.mark.parametrize("headers", [{}, {"retry-after": "nan"}, {"retry-after": "soon"}])
def test_a_rate_limit_without_a_time_names_none(
    llm: LlmServer, make_llm_engine: MakeEngine, headers: dict[str, str]
) -> None:
    llm.default = error(429, "rate_limit_exceeded", **headers)
    assert _failure(make_llm_engine()).retry_after is None


def test_nobody_listening_is_unavailable(make_llm_engine: MakeEngine) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        failure = _failure(make_llm_engine(base_url=url))
    assert (failure.code, failure.retryable) == (ErrorCode.API_UNAVAILABLE, True)


@pytest.mark.parametrize(
    "step",
    [
        Step(latency=1.5),
        Step(stall_after=0),
        Step(stall_after=2),
        Step(stall_after=2, meanwhile=b": still here\n\n"),
        Step(stall_after=2, meanwhile=event(choices=[{"index": 0, "delta": {"content": ""}}])),
        Step(stall_after=2, meanwhile=event(choices=[], usage=None)),
    ],
    ids=["no headers", "no chunk", "stops half-way", "comments only", "empty deltas", "empty chunks"],
)
def test_a_stalled_answer_is_given_up(llm: LlmServer, make_llm_engine: MakeEngine, step: Step) -> None:
    llm.default = step
    begun = time.monotonic()
    failure = _failure(make_llm_engine(timeout=0.3))
    assert (failure.code, failure.retryable) == (ErrorCode.TIMED_OUT, True)
    assert time.monotonic() - begun < 3.0


def test_chunks_that_bring_nothing_are_no_progress(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(stall_after=0, meanwhile=event(choices=[{"index": 0, "delta": {"content": ""}}]))
    shares: list[float] = []
    with pytest.raises(WorkError, match="timed_out"):
        make_llm_engine(timeout=1.2).apply(SUMMARIZE, DOCUMENTS, shares.append)
    assert len(shares) >= 2
    assert set(shares) == {0.0}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_model_that_thinks_for_long_is_waited_for(
    llm: LlmServer, make_llm_engine: MakeEngine, field: str
) -> None:
    llm.default = Step(stall_after=1, meanwhile=event(choices=[{"index": 0, "delta": {field: "Hm. "}}]))
    engine = make_llm_engine(timeout=0.3)
    begun = time.monotonic()

    def stop(_share: float) -> None:
        if time.monotonic() - begun > 1.0:
            raise LostLease

    with pytest.raises(LostLease):
        engine.apply(SUMMARIZE, DOCUMENTS, stop)


def test_an_answer_cut_off_by_length_is_continued_to_its_end(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.script.extend(
        [Step(text="One two th", finish="length"), Step(text="ree fo", finish="length"), Step(text="ur.")]
    )
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore)
    assert result.markdown == "One two three four."
    assert [call.body["messages"][-2]["content"] for call in llm.calls[1:]] == [
        "One two th",
        "One two three fo",
    ]
    assert result.output_tokens == sum(len(text.split()) * 4 // 3 for text in ("One two th", "ree fo", "ur."))


_FINAL = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
_WHOLE = "# Title\n\nThe launch is in May, and so on."
_HALF = "# Title\n\nThe launch is in M"


@pytest.mark.parametrize(
    ("replies", "markdown"),
    [
        ((f"Hm.\n</think>\n\n{_HALF}", "I have to go on.\n</think>\n\nay, and so on."), _WHOLE),
        ((f"Hm.\n</think>\n\n{_HALF}", "ay, and so on."), _WHOLE),
        ((f"<think>Hm.</think>\n\n{_HALF}", "<think>I go on.</think>ay, and so on."), _WHOLE),
        ((f"<think>\nHm.\n</think>\n\n{_HALF}", "<think>\nI go on.\n</think>\n\nay, and so on."), _WHOLE),
        ((_HALF, "<think>\nI go on.\n</think>\n\nay, and so on."), _WHOLE),
        ((_HALF, "<think>Hm.</think>ay, and ", "<think>Hm.</think>so on."), _WHOLE),
        ((_HALF, "<think>\nI go on, but", "<think>Hm.</think>ay, and so on."), _WHOLE),
        ((f"{_HALF}ay,", "<think>\nI go on.\n</think> and so on."), _WHOLE),
        ((f"{_FINAL}{_HALF}", f"{_FINAL}ay, and ", f"{_FINAL}so on."), _WHOLE),
        ((f"{_FINAL}{_HALF}", "ay, and so on.<|return|>"), _WHOLE),
        (("<|channel|>analysis<|message|>Hm, the user", f" wants it.<|end|>{_FINAL}{_WHOLE}"), _WHOLE),
        (("<think>Hm, the user", f" wants it.</think>\n\n{_WHOLE}"), _WHOLE),
        (("<think>\nHm, the user", f"<think>\nOkay again.\n</think>\n\n{_WHOLE}"), _WHOLE),
        (("Hm, the user wants", f"Okay again.\n</think>\n\n{_WHOLE}"), _WHOLE),
        ((f"{_WHOLE}\n\n<think>\nDid I", " forget anything?\n</think>"), _WHOLE),
        (("```xml\n<a>", "\n<think>\nHm.\n</think>\n```\nSo."), "```xml\n<a>\n<think>\nHm.\n</think>\n```\nSo."),
    ],
)  # fmt: skip
def test_thoughts_before_a_continuation_cost_the_answer_nothing(
    llm: LlmServer, make_llm_engine: MakeEngine, replies: tuple[str, ...], markdown: str
) -> None:
    llm.script.extend(Step(text=text, finish="length") for text in replies[:-1])
    llm.script.append(Step(text=replies[-1]))
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == markdown


@pytest.mark.parametrize("finish", ["max_tokens", "MAX_TOKENS"])
def test_a_limit_of_length_by_another_name_is_continued(
    llm: LlmServer, make_llm_engine: MakeEngine, finish: str
) -> None:
    llm.script.extend([Step(text="One tw", finish=finish), Step(text="o.")])
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == "One two."


@pytest.mark.parametrize("begun", [[], [Step(text="Half", finish="length")]], ids=["at once", "half-way"])
def test_a_cut_off_that_brings_nothing_is_not_asked_for_again(
    llm: LlmServer, make_llm_engine: MakeEngine, begun: list[Step]
) -> None:
    llm.script.extend(begun)
    llm.default = Step(text="", finish="length")
    failure = _failure(make_llm_engine())
    assert (failure.code, failure.retryable) == (ErrorCode.SYNTHESIS_FAILED, False)
    assert len(llm.calls) == len(begun) + 1


def test_an_answer_that_fills_the_context_is_not_blamed_on_the_input(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    """Nor is it lost for good: another answer may be shorter."""
    full = error(400, message="request (2093 tokens) exceeds the available context size (2048 tokens)")
    llm.refusal = lambda call: full if "again and" in call.text else None
    llm.default = Step(text="again and " * 1_000, finish="length")
    failure = _failure(make_llm_engine())
    assert (failure.code, failure.retryable) == (ErrorCode.SYNTHESIS_FAILED, True)
    assert len(llm.calls) == 2


def test_an_answer_without_end_is_no_answer(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(text="again and ", finish="length")
    failure = _failure(make_llm_engine())
    assert (failure.code, failure.retryable) == (ErrorCode.SYNTHESIS_FAILED, True)
    assert len(llm.calls) == 9


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("```markdown\n# Title\n\nText\n```", "# Title\n\nText"),
        ("<think>Let me see.</think>\n\n# Title", "# Title"),
        ("Let me see.\n</think>\n\n# Title", "# Title"),
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|># Title",
            "# Title",
        ),
        ("<think>Hm.</think>\n```markdown\n# Title\n```", "# Title"),
        ("```markdown\n<think>Hm.</think>\n# Title\n```", "# Title"),
        ("```xml\n<think>Hm.</think>\n```", "```xml\n<think>Hm.</think>\n```"),
        ("Text with <think> in it </think>.", "Text with <think> in it </think>."),
        ("```python\ncode\n```", "```python\ncode\n```"),
        ("```markdown\n# A\n\n```python\nx\n```\n\nText\n```", "# A\n\n```python\nx\n```\n\nText"),
        (
            "```markdown\n# A\n```\n\nMore text.\n\n```\nx\n```",
            "```markdown\n# A\n```\n\nMore text.\n\n```\nx\n```",
        ),
        ("\n# Title\n", "# Title"),
    ],
)
def test_wrapping_is_taken_off_and_nothing_else(
    llm: LlmServer, make_llm_engine: MakeEngine, text: str, markdown: str
) -> None:
    llm.default = Step(text=text)
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == markdown


def test_marks_of_thoughts_that_a_user_s_prompt_asks_for_stay(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.default = Step(text="<reasoning>\nTwo and two.\n</reasoning>\n\nFour.")
    prompt = PromptSpec(None, "Reason in <reasoning></reasoning>, then give the sum.")
    assert make_llm_engine().apply(prompt, DOCUMENTS, _ignore).markdown == llm.default.text
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == "Four."


def test_the_environment_adds_nothing_to_a_call(
    llm: LlmServer, make_llm_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-operator")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-operator")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-operator")
    make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore)
    assert llm.calls[0].key == "sk-secret-key"
    assert "operator" not in str(llm.calls[0].headers)


def test_threads_share_one_engine(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    engine = make_llm_engine()
    llm.default = Step(latency=0.2)
    results: list[str] = []

    def work(number: int) -> None:
        document = Document("n", Transcript.of_text(f"Fact {number}."))
        results.append(engine.apply(SUMMARIZE, [document], _ignore).markdown)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"Fact {number}." for number in range(8)]
    assert llm.most_at_once > 1
