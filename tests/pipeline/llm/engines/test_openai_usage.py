"""A server's counts: what they say, and when they show that it has dropped some of what it was sent."""

import pytest

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.openai_usage import ReadCounts, Usage
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import LlmServer, Step, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
LONG = [Document("notes.md", Transcript.of_text("An ordinary sentence went by. " * 6_000 + "It ends here."))]
CHUNK = {"delta": {"content": "Good."}, "finish_reason": "stop"}


@pytest.mark.parametrize(
    ("fields", "read", "written", "cached"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2}, 9, 2, 0),
        ({"input_tokens": 9, "output_tokens": 2}, 9, 2, 0),
        ({"prompt_tokens": 900, "prompt_tokens_details": {"cached_tokens": 800}}, 900, None, 800),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 800}}, 809, None, 800),
        ({"input_tokens": 9, "input_tokens_details": {"cached_tokens": 800}}, 809, None, 800),
        ({"prompt_tokens": 9, "cache_read_input_tokens": 700, "cache_creation_input_tokens": 100}, 809, None, 800),
        ({"prompt_tokens": 900, "prompt_cache_hit_tokens": 800, "prompt_cache_miss_tokens": 100}, 900, None, 800),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, 9, None, 0),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": "many"}}, 9, None, 0),
        ({}, None, None, 0),
    ],
)  # fmt: skip
def test_counts_by_any_name(
    fields: dict[str, object], read: int | None, written: int | None, cached: int
) -> None:
    usage = Usage()
    usage.take(fields)
    assert (usage.input_tokens, usage.written, usage.cached) == (read, written, cached)


@pytest.mark.parametrize(
    ("step", "read"),
    [
        (Step(read_tokens=21), 21),
        (Step(read_tokens=700), 700),
        (Step(read_tokens=2_500, counts={"prompt_tokens_details": {"cached_tokens": 30_000}}), 32_500),
        (Step(read_tokens=2_500, counts={"prompt_tokens_details": {"cached_tokens": -1}}), 2_500),
        (Step(read_tokens=2_500, counts={"cache_read_input_tokens": 30_000}), 32_500),
        (Step(raw=event(choices=[CHUNK], usage={"prompt_tokens": 2_500, "completion_tokens": 1},
                        timings={"cache_n": 30_000, "prompt_n": 2_500})), 32_500),
    ],
    ids=["hardly any", "few", "named", "absurd", "named otherwise", "named beside"],
)  # fmt: skip
def test_a_count_that_leaves_out_what_was_cached_is_no_reason_to_ask_again(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step, read: int
) -> None:
    llm.default = step
    assert make_llm_engine().apply(SUMMARIZE, LONG, lambda _: None).input_tokens == read
    assert len(llm.calls) == 1


def test_a_server_that_has_read_more_before_has_not_dropped_it_now(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    engine = make_llm_engine()
    engine.apply(SUMMARIZE, LONG, lambda _: None)
    llm.default = Step(read_tokens=2_500)
    engine.apply(SUMMARIZE, LONG, lambda _: None)
    assert len(llm.calls) == 2


def test_a_server_that_reads_a_tenth_of_everything_is_found_out_soon(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.script.extend(Step(read_tokens=count) for count in (4_000, 2_000, 1_500, 1_100))
    assert "It ends here." in make_llm_engine().apply(SUMMARIZE, LONG, lambda _: None).markdown
    assert len(llm.calls) == 5  # the first, its parts, and all together


def test_one_that_drops_what_is_beyond_its_context_is_seen_each_time() -> None:
    counts = ReadCounts()
    assert not counts.drops(3_000, Usage(read=3_900))
    assert counts.drops(30_000, Usage(read=4_096))
    assert counts.drops(15_000, Usage(read=4_090))
    assert not counts.drops(3_900, Usage(read=4_096))
    assert counts.drops(15_000, Usage(read=4_096))
    assert not counts.drops(900, Usage(read=10))
    assert not counts.drops(15_000, Usage(read=None))
