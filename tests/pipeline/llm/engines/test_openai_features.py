"""What a server doesn't take is left out, and isn't tried again with the same server and model."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.factory import make_engine
from pipeline.llm.engines.features import Feature, Features
from pipeline.settings import Settings
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import Call, LlmServer, Step, error, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
DOCUMENTS = [Document("notes.md", Transcript.of_text("The launch is in May."))]
Has = Callable[[Call], bool]


def has_counts(call: Call) -> bool:
    return "stream_options" in call.body


def streams(call: Call) -> bool:
    return "stream" in call.body


def has_system(call: Call) -> bool:
    return any(message["role"] == "system" for message in call.body["messages"])


def forbidden(field: str) -> Step:
    return Step(
        422, error={"detail": [{"type": "extra_forbidden", "loc": ["body", field], "msg": "Extra inputs"}]}
    )


REFUSALS: list[tuple[str, Has, Step]] = [
    ("counts by name", has_counts, error(400, message="Unknown parameter: 'stream_options'.")),
    ("counts by FastAPI", has_counts, forbidden("stream_options")),
    ("counts inside", has_counts, error(422, message="include_usage is not supported")),
    ("counts by Python", has_counts, error(500, message="create() got an unexpected keyword 'stream_options'")),
    ("counts without their name", has_counts, error(400, message="Extra inputs are not permitted")),
    ("counts by param", has_counts, Step(400, error={"error": {"message": "No.", "param": "stream_options"}})),
    ("stream by name", streams, error(400, message="Streaming is not supported for this model.")),
    ("stream by FastAPI", streams, forbidden("stream")),
    ("stream of the unverified", streams, Step(400, error={"error": {
        "message": "Your organization must be verified to stream this model.", "param": "stream",
        "code": "unsupported_value"}})),
    ("stream not implemented", streams, Step(501, error="Not Implemented")),
    ("stream without its name", streams, error(400, message="Unrecognized request argument supplied")),
    ("stream within it", streams, Step(raw=event(error={"message": "Streaming is not supported."}))),
    ("stream by 500", streams, error(500, message="stream=True is not implemented")),
    ("system by OpenAI", has_system,
     error(400, message="Unsupported value: 'messages[0].role' does not support 'system' with this model.")),
    ("system by a template", has_system, error(400, message="System role not supported")),
    ("system by a template, 500", has_system, error(500, message="System role not supported")),
    ("system by alternation", has_system, error(400, message="Conversation roles must alternate user/assistant")),
    ("system by who is first", has_system, error(400, message="The first message must be from the user")),
    ("system by Google", has_system, error(400, message="Developer instruction is not enabled for models/gemma-3")),
    ("system by its values", has_system, Step(422, error={"detail": [
        {"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'"}]})),
    ("system by a word", has_system, error(400, message="Invalid role: system")),
    ("system by who else there is", has_system, Step(400, error={
        "error": "Only user and assistant roles are supported!"})),
    ("system by who else there is, 500", has_system,
     error(500, message="Only user and assistant roles are supported!")),
    ("system by LM Studio", has_system, Step(400, error={
        "error": 'Error rendering prompt with jinja template: "Conversations must start with a user prompt."'})),
    ("system by Bedrock", has_system, error(400, message="A conversation must start with a user message.")),
    ("system by its place", has_system, Step(400, error={
        "error": {"message": "Invalid value for 'messages[0].role'.", "param": "messages[0].role"}})),
    ("system in quotes", has_system, error(400, message="'system' is not supported")),
    ("counts in two words", has_counts, error(400, message="Stream options are not supported by this model.")),
    ("counts with a hyphen", has_counts, error(400, message="Unknown field: stream-options")),
]  # fmt: skip


@pytest.mark.parametrize(("has", "refusal"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_what_is_refused_is_left_out_and_remembered(
    llm: LlmServer, make_llm_engine: MakeEngine, has: Has, refusal: Step
) -> None:
    llm.refusal = lambda call: refusal if has(call) else None
    engine = make_llm_engine()
    for _ in range(2):
        assert engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None).markdown == "The launch is in May."
    refused = [has(call) for call in llm.calls]
    assert not any(refused[-2:])
    assert len(refused) <= 4
    assert "You turn recordings and notes" in llm.calls[-1].text


@pytest.mark.parametrize(
    "refusal",
    [refusal for name, _, refusal in REFUSALS if name in ("counts in two words", "counts with a hyphen")],
)
def test_where_counts_are_refused_it_still_streams(
    llm: LlmServer, make_llm_engine: MakeEngine, refusal: Step
) -> None:
    llm.refusal = lambda call: refusal if has_counts(call) else None
    make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert streams(llm.calls[-1])


@pytest.mark.parametrize(
    ("has", "message"),
    [
        (has_counts, "Unrecognized request argument supplied: stream_options (api-version 2024-06-01)"),
        (has_counts, "gpt-4o-2024-08-06 at 10.0.0.5:8000 does not support 'stream_options'."),
        (has_system, "'messages[0].role' does not support 'system' with o1-mini-2024-09-12."),
        (has_system, "System role not supported (by 10.0.0.5:8000, context 4096)"),
    ],
)
def test_figures_beside_the_name_are_no_length(
    llm: LlmServer, make_llm_engine: MakeEngine, has: Has, message: str
) -> None:
    llm.refusal = lambda call: error(400, message=message) if has(call) else None
    long = Document("notes.md", Transcript.of_text("An ordinary sentence went by. " * 480 + "It ends here."))
    assert "It ends here." in make_llm_engine().apply(SUMMARIZE, [long], lambda _: None).markdown
    assert len(llm.calls) == 2


def test_all_at_once(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    kinds = [(has_system, REFUSALS[13][2]), (streams, REFUSALS[6][2]), (has_counts, REFUSALS[0][2])]
    llm.refusal = lambda call: next((refusal for has, refusal in kinds if has(call)), None)
    engine = make_llm_engine()
    engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    result = engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert result.markdown == "The launch is in May."
    assert result.input_tokens == len(llm.calls[-1].text.split()) * 4 // 3
    assert [sorted(call.body) for call in llm.calls[-2:]] == [["messages", "model"]] * 2
    assert len(llm.calls) <= 5


def test_only_what_helps_is_remembered(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = REFUSALS[0][2]
    engine = make_llm_engine()
    with pytest.raises(WorkError) as caught:
        engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.SYNTHESIS_FAILED, False)
    assert len(llm.calls) <= 3
    llm.default = Step()
    engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert has_counts(llm.calls[-1])


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        (error(404, "model_not_found", "The model does not exist"), 1),
        (error(400, message="Bad request"), 1),
        (error(401, "invalid_api_key", "Streaming needs a key"), 1),
        (error(429, "rate_limit_exceeded", "Too many streams"), 1),
        (error(503, message="The stream's system is not available"), 1),
        (Step(raw=event(error={"message": "Error in input stream"})), 1),
        (error(500, message="An unexpected error occurred while streaming."), 1),
        (error(500, message="Upstream closed the stream. Please contact support."), 1),
        (Step(raw=event(error={"message": "Unexpected error in the upstream stream"})), 1),
        (error(400, "content_filter", "The system message was filtered"), 1),
    ],
)
def test_what_is_refused_for_other_reasons_is_asked_once(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step, calls: int
) -> None:
    llm.default = step
    with pytest.raises(WorkError):
        make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert len(llm.calls) == calls


def test_a_call_has_nothing_that_a_new_model_could_refuse(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert sorted(llm.calls[0].body) == ["messages", "model", "stream", "stream_options"]


def test_an_answer_in_one_piece_is_continued_where_it_is_cut_off(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.refusal = lambda call: forbidden("stream") if streams(call) else None
    engine = make_llm_engine()
    engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    llm.script.extend([Step(text="One two th", finish="length"), Step(text="ree.")])
    assert engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None).markdown == "One two three."


def test_another_key_s_engine_knows_it_too(llm: LlmServer) -> None:
    llm.refusal = lambda call: forbidden("stream_options") if has_counts(call) else None
    features = Features()
    for key in ("sk-ada", "sk-bob"):
        engine = make_engine(Settings(user_key_base_url=llm.url), SecretStr(key), features=features)
        engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
        engine.close()
    assert [(call.key, has_counts(call)) for call in llm.calls] == [
        ("sk-ada", True),
        ("sk-ada", False),
        ("sk-bob", False),
    ]
    assert features.refused == {Feature.COUNTS}
