"""A prompt that is too long is split, in whatever words, figures and language the server refuses it."""

import json

import pytest

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode, WaitingFor
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import Call, LlmServer, Step, error, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
SHORT = Document("notes.md", Transcript.of_text("The launch is in May."))
LONG = Document(
    "notes.md",
    Transcript.of_text("It begins here. " + "An ordinary sentence went by. " * 2_000 + "It ends here."),
)
MOST_WORDS = 4_096
ROWS = json.dumps([{"id": n, "name": f"n{n}", "value": n * 7} for n in range(1_000)], separators=(",", ":"))
THAI = "การประชุมวันนี้เราจะพูดถึงงบประมาณของโครงการใหม่" * 300
RATE = "Rate limit reached for"

REFUSALS: list[tuple[str, Step]] = [
    ("LM Studio", error(400, message="Trying to keep the first 13021 tokens when the model is loaded with only 4096.")),
    ("LM Studio in the stream", Step(raw=event(error={"message": "Cannot keep 13021 tokens, loaded with only 4096."}))),
    ("TabbyAPI", error(400, message="Prompt length 13000 is greater than max_seq_len 4096")),
    ("TabbyAPI, 500", error(500, message="Prompt length 13000 is greater than max_seq_len 4096")),
    ("llama.cpp, 500", error(500, message="input is too large to process. increase the physical batch size")),
    ("Mistral", error(400, message="Prompt contains 13000 tokens and 0 draft tokens, too large for this model")),
    ("SGLang", error(400, message="The input (13,000 tokens) is longer than the model can take (4,096 tokens).")),
    ("Cohere", error(400, message="total number of tokens in the prompt cannot exceed 4081 - received 13021.")),
    ("Bedrock", error(400, message="Malformed input request: expected maxLength: 20000, actual: 60000")),
    ("Bedrock's limit alone", error(400, message="Max input tokens: 4096")),
    ("DashScope", error(400, message="Range of input length should be [1, 4096]")),
    ("Moonshot", error(400, message="Your request exceeded model token limit: 4096")),
    ("MiniMax", error(400, message="invalid params, context window exceeds limit (2013)")),
    ("Cerebras", error(400, message="Current length is 13000 while limit is 4096")),
    ("watsonx", error(400, message="the number of input tokens 13000 cannot exceed the total tokens limit 4096")),
    ("Zhipu", error(400, "1261", "Prompt 超长")),
    ("German", error(400, message="Die Anfrage ist zu lang.")),
    ("FastAPI", Step(422, error={"detail": [{"loc": ["body"], "msg": "too long", "ctx": {"max_length": 20000}}]})),
    ("no words", Step(400, error="")),
    ("words alone", Step(400, error="Bad Request")),
    ("a page", Step(413, error="<html>Request Entity Too Large</html>")),
    ("a rate that one request is above", error(429, "rate_limit_exceeded", "Limit 4096, Used 0, Requested 13000.")),
    ("a rate in Groq's words", error(429, message="Rate limit reached for qwen3-32b: Limit 6000, Requested ~13000")),
    ("a status in the stream", Step(raw=event(error={"code": 400, "message": "no"}))),
]  # fmt: skip


def is_too_long(call: Call) -> bool:
    return len(call.text.split()) > MOST_WORDS


@pytest.mark.parametrize("refusal", [r[1] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_what_is_refused_for_its_length_is_split(
    llm: LlmServer, make_llm_engine: MakeEngine, refusal: Step
) -> None:
    llm.refusal = lambda call: refusal if is_too_long(call) else None
    result = make_llm_engine().apply(SUMMARIZE, [LONG], lambda _: None)
    assert "It begins here." in result.markdown
    assert "It ends here." in result.markdown
    assert len(llm.calls) < 15


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, message="No."),
        Step(422, error="Bad Request"),
        error(400, message="Unknown parameter: 'model'"),
        error(400, message="No such model at 127.0.0.1:8000"),
        Step(400, error={"code": 400, "message": "No such model at 127.0.0.1:8000"}),
    ],
    ids=["400", "422", "unnamed", "a port", "a port and the status"],
)
def test_a_short_request_that_is_refused_as_well_shows_that_it_is_not_the_length(
    llm: LlmServer, make_llm_engine: MakeEngine, refusal: Step
) -> None:
    llm.default = refusal
    with pytest.raises(WorkError) as caught:
        make_llm_engine().apply(SUMMARIZE, [LONG], lambda _: None)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.SYNTHESIS_FAILED, False)
    assert len(llm.calls) <= 6
    assert not is_too_long(llm.calls[-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [(ROWS, "Cannot keep 18000 tokens, loaded with only 4096."), (ROWS, "No."), ("QUJDREVG" * 5_000, "No."),
     (THAI, "Cannot keep 8000 tokens, loaded with only 4096."), (THAI, "No.")],
    ids=["JSON, figures", "JSON", "base64", "Thai, figures", "Thai"],
)  # fmt: skip
def test_what_has_no_white_space_is_long_as_well(
    llm: LlmServer, make_llm_engine: MakeEngine, text: str, message: str
) -> None:
    most = len(text) * 3 // 4
    llm.refusal = lambda call: error(400, message=message) if len(call.text) > most else None
    llm.default = Step(text="Done.")
    document = Document("notes.md", Transcript.of_text(text))
    assert make_llm_engine().apply(SUMMARIZE, [document], lambda _: None).markdown == "Done."
    assert len(llm.calls) < 8


def test_words_that_are_refused_however_short_are_not_split_to_crumbs(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.refusal = lambda call: error(400, message="No.") if "ordinary" in call.text else None
    with pytest.raises(WorkError) as caught:
        make_llm_engine().apply(SUMMARIZE, [LONG], lambda _: None)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.SYNTHESIS_FAILED, False)
    assert len(llm.calls) < 25


def test_figures_of_a_server_that_is_away_are_no_length(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    engine = make_llm_engine()
    engine.apply(SUMMARIZE, [SHORT], lambda _: None)
    llm.default = error(500, message="Worker 13000 died at line 4096")
    with pytest.raises(WorkError) as caught:
        engine.apply(SUMMARIZE, [LONG], lambda _: None)
    assert (caught.value.code, caught.value.waiting_for) == (
        ErrorCode.API_UNAVAILABLE,
        WaitingFor.LANGUAGE_MODEL,
    )


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (error(404, message="The model does not exist. 13000 4096"), ErrorCode.SYNTHESIS_FAILED),
        (error(401, message="13000 > 4096"), ErrorCode.API_KEY_INVALID),
        (error(400, "content_filter", "13000 > 4096"), ErrorCode.CONTENT_FILTERED),
        (error(429, "insufficient_quota", "Limit 4096, Requested 13000"), ErrorCode.API_QUOTA_EXHAUSTED),
        (error(429, message="Limit 30000, Used 20000, Requested 13000"), ErrorCode.API_RATE_LIMITED),
        (
            error(429, message=f"{RATE} gpt-4: Limit 10000, Used 9500, Requested 2000."),
            ErrorCode.API_RATE_LIMITED,
        ),
        (
            error(429, message=f"{RATE} qwen3-32b: Limit 6000, Used 5500, Requested 2000."),
            ErrorCode.API_RATE_LIMITED,
        ),
        (error(503, message="Loading 13000 of 40960"), ErrorCode.API_UNAVAILABLE),
        (error(500, message="Internal error"), ErrorCode.API_UNAVAILABLE),
    ],
)
def test_figures_make_no_length_of_what_is_clear(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step, code: ErrorCode
) -> None:
    llm.default = step
    with pytest.raises(WorkError) as caught:
        make_llm_engine().apply(SUMMARIZE, [LONG], lambda _: None)
    assert caught.value.code == code
    assert len(llm.calls) == 1


def test_a_short_request_is_not_too_long_for_anyone(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = error(400, message="500 > 300")
    with pytest.raises(WorkError, match="synthesis_failed"):
        make_llm_engine().apply(SUMMARIZE, [SHORT], lambda _: None)
    assert len(llm.calls) == 1
