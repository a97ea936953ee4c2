"""What providers say when a prompt is too long, each in other words."""

import json

import pytest

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.openai_errors import duration
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import LlmServer, Step, error, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
LONG = Document("notes.md", Transcript.of_text("An ordinary sentence went by. " * 1_000 + "It ends here."))
MEDIUM = Document("notes.md", Transcript.of_text("An ordinary sentence went by. " * 100 + "It ends here."))
TGI = (
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens"
)


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, "context_length_exceeded"),
        error(429, "context_length_exceeded"),
        error(413, message="Payload too large"),
        error(429, message="Request too large for gpt-test on tokens per min (TPM)"),
        error(400, message="Input is too long for requested model."),
        error(400, message="The prompt (total length 5000) is longer than the maximum model length of 4096."),
        error(422, message=TGI),
        Step(status=422, error={"error": TGI, "error_type": "validation"}),
        error(400, message="input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000"),
        error(
            400,
            message="The input token count (2000000) exceeds the maximum number of tokens allowed (1048575).",
        ),
        error(
            400,
            message="This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        ),
        error(400, message="Please reduce the length of the messages or completion."),
        error(400, message="Prompt exceeds max length"),
        error(500, message="the request exceeds the available context size"),
        Step(raw=event(error={"message": "Input is too long for requested model."})),
        Step(raw=event(error="Input is too long for requested model.")),
        Step(raw=event(error={"code": "context_length_exceeded"})),
        Step(raw=event(error={"code": 413})),
    ],
    ids=lambda step: json.dumps(step.error or str(step.raw))[-60:],
)
def test_a_refusal_for_its_length_is_recognized_and_split(
    llm: LlmServer, make_llm_engine: MakeEngine, refusal: Step
) -> None:
    llm.script.append(refusal)
    result = make_llm_engine().apply(SUMMARIZE, [LONG], lambda _share: None)
    assert "It ends here." in result.markdown
    assert len(llm.calls) >= 4


def test_a_refusal_in_a_list_is_recognized_where_a_model_may_be_that_small(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    google = {"code": 400, "message": "The input token count exceeds the maximum number of tokens allowed"}
    llm.script.append(Step(400, error=[{"error": google}]))
    assert "It ends here." in make_llm_engine().apply(SUMMARIZE, [MEDIUM], lambda _share: None).markdown
    assert len(llm.calls) >= 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m30.5s", 90.5),
        ("20ms", 0.02),
        ("1h", 3_600.0),
        ("", None),
        ("soon", None),
        ("5", None),
        ("1s x", None),
    ],
)
def test_a_duration_is_understood_or_passed_over(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


def test_a_long_number_is_no_duration_at_once() -> None:
    assert duration("1" * 100_000) is None
