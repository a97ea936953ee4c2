"""What a stream brings, in every shape that servers give it."""

import random

import pytest

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.llm.engines.openai_reply import Reply
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import LlmServer, Step, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
DOCUMENTS = [Document("notes.md", Transcript.of_text("The launch is in May."))]


def _ignore(_share: float) -> None:
    pass


CHUNK = {"index": 0, "delta": {"content": "Good."}, "finish_reason": "stop"}
USAGES: list[tuple[str, object]] = [
    ("words", {"prompt_tokens": "9", "completion_tokens": "many"}),
    ("below zero", {"prompt_tokens": -1, "completion_tokens": -1}),
    ("beyond all bounds", {"prompt_tokens": 10**30, "completion_tokens": 2**53}),
    ("fractions", {"prompt_tokens": 9.5, "completion_tokens": 9.0}),
    ("truths", {"prompt_tokens": True, "completion_tokens": True}),
    ("missing", {}),
    ("a list", [1, 2]),
    ("a truth", True),
]


@pytest.mark.parametrize("usage", [u[1] for u in USAGES], ids=[u[0] for u in USAGES])
def test_counts_that_are_none_are_estimated(
    llm: LlmServer, make_llm_engine: MakeEngine, usage: object
) -> None:
    llm.default = Step(raw=event(choices=[CHUNK]) + event(usage=usage) + b"data: [DONE]\n\n")
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore)
    assert result.markdown == "Good."
    assert 300 < result.input_tokens < 2_000
    assert 0 < result.output_tokens < 20


@pytest.mark.parametrize("delta", [{"delta": None}, {"delta": {}}, {"delta": []}, {}], ids=str)
def test_an_end_without_a_delta_is_an_end(
    llm: LlmServer, make_llm_engine: MakeEngine, delta: dict[str, object]
) -> None:
    end = event(choices=[{"index": 0, "finish_reason": "stop", **delta}])
    llm.default = Step(raw=event(choices=[{**CHUNK, "finish_reason": None}]) + end)
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == "Good."


def test_a_byte_order_mark_hides_no_words(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    begin = event(choices=[{"index": 0, "delta": {"content": "All "}, "finish_reason": None}])
    llm.default = Step(raw="\ufeff".encode() + begin + event(choices=[CHUNK]))
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == "All Good."


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (("A \ud83d", "\ude00 b"), "A \U0001f600 b"),
        (("A \ud83d", " b"), "A \ufffd b"),
        (("A \ude00", " b\ud83d"), "A \ufffd b\ufffd"),
    ],
    ids=["a pair", "the first half", "halves astray"],
)
def test_characters_that_come_in_halves_are_healed(
    llm: LlmServer, make_llm_engine: MakeEngine, deltas: tuple[str, str], text: str
) -> None:
    begin = event(choices=[{"index": 0, "delta": {"content": deltas[0]}, "finish_reason": None}])
    llm.default = Step(raw=begin + event(choices=[{**CHUNK, "delta": {"content": deltas[1]}}]))
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == text


def test_a_character_is_healed_over_a_limit_of_length(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.script.append(Step(text="A \ud83d", finish="length"))
    llm.default = Step(text="\ude00")
    assert make_llm_engine().apply(SUMMARIZE, DOCUMENTS, _ignore).markdown == "A \U0001f600"


REASONS: list[tuple[str, str]] = [
    (
        "filtered",
        "content_filter content-filter content_filtered CONTENT_FILTER SAFETY IMAGE_SAFETY RECITATION SPII",
    ),
    ("filtered", "PROHIBITED_CONTENT BLOCKLIST blocked sensitive guardrail_intervened ERROR_TOXIC refusal"),
    (
        "cut_off",
        "length max_tokens MAX_TOKENS max_output_tokens max_new_tokens max_length model_length length_limit",
    ),
    ("cut_off", "model_context_window_exceeded token_limit incomplete"),
    (
        "broken_off",
        "error network_error server_error model_error abort cancelled canceled user_cancel timeout TIMEOUT",
    ),
    ("broken_off", "failed interrupted insufficient_system_resource"),
    (
        "",
        "stop STOP end_turn stop_sequence eos eos_token COMPLETE completed finished tool_calls function_call 1",
    ),
]


@pytest.mark.parametrize(
    ("end", "reason"), [(end, reason) for end, all_ in REASONS for reason in all_.split()]
)
def test_an_answer_ends_as_its_reason_says(end: str, reason: str) -> None:
    reply = Reply()
    reply.take({"choices": [{"delta": {"content": "Half"}, "finish_reason": reason}]})
    ends = {"filtered": reply.filtered, "cut_off": reply.cut_off, "broken_off": reply.broken_off}
    assert ends == {name: name == end for name in ends}


FIELDS = ("content", "refusal", "role", "tool_calls", "reasoning_content")
OUTCOMES = (None, ErrorCode.SYNTHESIS_FAILED, ErrorCode.API_UNAVAILABLE, ErrorCode.CONTENT_FILTERED)
ODD: tuple[object, ...] = (
    None,
    True,
    0,
    -1.5,
    10**30,
    "",
    "x",
    "\ud83d",
    [],
    [1],
    {},
    {"a": None},
    "length",
    503,
)


def test_whatever_a_chunk_is_made_of_there_is_an_answer_or_a_code_for_it(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    engine, outcomes = make_llm_engine(), set()
    for seed in range(400):
        chance = random.Random(seed)  # noqa: S311
        choice: dict[str, object] = {"delta": {"content": "Good.", chance.choice(FIELDS): chance.choice(ODD)}}
        choice[chance.choice(("delta", "finish_reason", "index", "x"))] = chance.choice(ODD)
        chunk: dict[str, object] = {"choices": [choice], "usage": None}
        chunk[chance.choice(("usage", "choices", "error", "id", "x"))] = chance.choice((*ODD, [[]], [None]))
        llm.default = Step(raw=event(**chunk) + event(choices=[CHUNK]))
        outcomes.add(outcome := _outcome(engine))
        assert outcome in OUTCOMES, chunk
    assert outcomes >= {None, ErrorCode.SYNTHESIS_FAILED}  # neither everything nor nothing is believed


def _outcome(engine: LlmEngine) -> ErrorCode | None:
    try:
        engine.apply(SUMMARIZE, DOCUMENTS, _ignore).markdown.encode()
    except WorkError as failure:
        return failure.code
    return None
