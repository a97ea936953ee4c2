"""Inputs of any length through a model of limited context: nothing lost, and how failures on the way are met."""

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest

from pipeline.errors import RateLimited, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.llm import LlmEngine
from pipeline.llm.messages import Message
from pipeline.llm.progress import Progress
from pipeline.llm.synthesis import Answer, ContextExceeded, PromptTask, Synthesizer
from pipeline.llm.token_counts import estimate_tokens
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.pipeline.llm.engines.conftest import MakeEngine, llm, make_llm_engine
from tests.support.llm_server import LlmServer, Step, error

__all__ = ["llm", "make_llm_engine"]  # fixtures

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
LAST = "The safe opens with forty two."
WORDS = 30_000


def _ignore(_share: float) -> None:
    pass


def _three_hours() -> Document:
    segments = [
        Segment(i * 3.6, i * 3.6 + 3.5, f"Sentence number{i} tells of many ordinary things that went by.")
        for i in range(WORDS // 10)
    ]
    return Document("long.m4a", Transcript((*segments, Segment(10_800.0, 10_803.0, LAST)), "en", 10_803.0))


def _sent(server: LlmServer) -> str:
    """What the first round of calls was given, in the input's order."""
    parts = [
        call.input for call in server.calls if "answers to this task for consecutive parts" not in call.text
    ]
    return "\n".join(sorted(parts, key=lambda part: part.find("number")))


def test_three_hours_fit_a_large_context_in_one_call(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    result = make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    assert len(llm.calls) == 1
    assert llm.calls[0].input.endswith(LAST)
    assert LAST in result.markdown


@pytest.mark.parametrize("context_tokens", [4_000, 16_000])
def test_three_hours_reach_a_small_context_whole_and_the_last_fact_comes_out(
    llm: LlmServer, make_llm_engine: MakeEngine, context_tokens: int
) -> None:
    result = make_llm_engine(context_tokens=context_tokens).apply(SUMMARIZE, [_three_hours()], _ignore)
    sent = _sent(llm)
    for number in range(WORDS // 10):
        assert sent.count(f"number{number} ") == 1
    assert LAST in result.markdown
    assert "number0 " in result.markdown
    assert result.input_tokens == sum(len(call.text.split()) * 4 // 3 for call in llm.calls)
    assert all(len(call.text.split()) * 4 // 3 < context_tokens for call in llm.calls)


def test_calls_run_at_once_up_to_the_bound(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(latency=0.05)
    make_llm_engine(context_tokens=8_000, parallel=3).apply(SUMMARIZE, [_three_hours()], _ignore)
    assert llm.most_at_once == 3


def test_files_are_combined_in_order_under_their_names(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    documents = [Document(name, Transcript.of_text(f"Fact of {name}.")) for name in ("b.md", "a.md", "c.md")]
    make_llm_engine().apply(SUMMARIZE, documents, _ignore)
    text = llm.calls[0].input
    assert text.index("# b.md") < text.index("Fact of b.md.") < text.index("# a.md") < text.index("# c.md")


@pytest.mark.parametrize("sizes", [(600, 600, 600), (600, 0, 0)], ids=["a chunk each", "two empty"])
def test_each_file_keeps_its_name_however_they_fall_into_calls(
    llm: LlmServer, make_llm_engine: MakeEngine, sizes: tuple[int, ...]
) -> None:
    documents = [
        Document(f"file{n}.md", Transcript.of_text(f"Fact{n}. " * size)) for n, size in enumerate(sizes)
    ]
    make_llm_engine(context_tokens=5_000).apply(SUMMARIZE, documents, _ignore)
    first_round = [call.input for call in llm.calls if "answers to this task" not in call.text]
    assert len(first_round) == sum(size > 0 for size in sizes)
    for n in range(len(first_round)):
        assert sum(f"# file{n}.md\n\nFact{n}. " in given for given in first_round) == 1


@pytest.mark.parametrize("files", [1, 2])
def test_times_reach_the_model_only_where_the_task_asks_for_them(
    llm: LlmServer, make_llm_engine: MakeEngine, files: int
) -> None:
    engine, recordings = make_llm_engine(), [_three_hours()] * files
    marked = {name for name in DefaultPromptName if _is_marked(llm, engine, PromptSpec(name), recordings)}
    assert marked == {DefaultPromptName.DETAILED_NOTES, DefaultPromptName.TABLE_OF_CONTENTS}
    assert not _is_marked(llm, engine, PromptSpec(None, "Sum up what was said."), recordings)
    assert _is_marked(llm, engine, PromptSpec(None, "Jede Zeile beginnt mit [h:mm:ss]."), recordings)
    assert _is_marked(llm, engine, PromptSpec(None, "One line a topic, as in `[0:12:30] Costs`"), recordings)


def _is_marked(llm: LlmServer, engine: LlmEngine, prompt: PromptSpec, recordings: list[Document]) -> bool:
    engine.apply(prompt, recordings, _ignore)
    return "[0:00:00]" in llm.calls[-1].input


def test_a_user_s_own_prompt_is_the_task(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    prompt = PromptSpec(None, "Write a limerick about it.")
    make_llm_engine().apply(prompt, [Document("a", Transcript.of_text("Text."))], _ignore)
    assert "Write a limerick about it." in llm.calls[0].text


@pytest.mark.parametrize("refusal", ["refuses", "drops silently", "answers 413", "tokens a minute"])
def test_what_the_provider_finds_too_long_is_split_finer(
    llm: LlmServer, make_llm_engine: MakeEngine, refusal: str
) -> None:
    if refusal == "refuses":
        llm.context_tokens = 20_000
    elif refusal == "drops silently":
        llm.script.append(Step(text="Made from a part.", read_tokens=2_048))
    elif refusal == "answers 413":
        llm.script.append(error(413))
    else:
        llm.script.append(
            error(429, "rate_limit_exceeded", "Request too large for gpt-test on tokens per min")
        )
    result = make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    accepted = [call for call in llm.calls[1:] if "answers to this task" not in call.text]
    assert len(accepted) >= 2
    assert LAST in result.markdown
    assert "number0 " in result.markdown
    assert "Made from a part." not in result.markdown


def test_calls_that_wait_when_another_is_refused_are_not_sent_as_large(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.context_tokens = 5_000
    make_llm_engine(context_tokens=16_000, parallel=1).apply(SUMMARIZE, [_three_hours()], _ignore)
    words = [len(call.text.split()) for call in llm.calls]
    assert [count for count in words if count > 5_000] == words[:1]
    assert len(words) > 5


def test_a_model_without_room_to_answer_gets_less_at_a_time(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.script.append(Step(text="", finish="length"))
    result = make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    assert LAST in result.markdown
    assert "number0 " in result.markdown
    assert len(llm.calls) < 7


def test_a_model_that_never_has_room_to_answer_is_asked_nothing_twice(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.default = Step(text="", finish="length")
    with pytest.raises(WorkError) as caught:
        make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.SYNTHESIS_FAILED, False)
    assert len({call.input for call in llm.calls}) == len(llm.calls) < 60


def test_dropped_input_is_noticed_in_a_language_without_spaces(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.script.append(Step(text="Made from a part.", read_tokens=2_048))
    document = Document("long.md", Transcript.of_text(("会议讨论了明年的预算。" * 10 + "\n") * 300))
    assert "Made from a part." not in make_llm_engine().apply(SUMMARIZE, [document], _ignore).markdown
    assert len(llm.calls) > 2


def test_refusals_at_every_depth_lose_nothing(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.context_tokens = 2_500
    result = make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    llm.calls[:] = [call for call in llm.calls if len(call.text.split()) <= 2_500]
    sent = _sent(llm)
    assert [number for number in range(WORDS // 10) if sent.count(f"number{number} ") != 1] == []
    assert LAST in result.markdown


def test_a_failure_hangs_up_on_the_other_calls(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.script.extend([Step(stall_after=1), Step(stall_after=1), error(401, "invalid_api_key")])
    begun = time.monotonic()
    with pytest.raises(WorkError, match="api_key_invalid"):
        make_llm_engine(context_tokens=16_000, parallel=3).apply(SUMMARIZE, [_three_hours()], _ignore)
    assert time.monotonic() - begun < 5.0
    assert sum(call.left.wait(2.0) for call in llm.calls[:2]) == 2
    assert len(llm.calls) == 3


def test_what_can_t_be_made_to_fit_fails_with_its_code(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.context_tokens = 100
    with pytest.raises(WorkError) as caught:
        make_llm_engine().apply(SUMMARIZE, [_three_hours()], _ignore)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.INPUT_TOO_LONG, False)


def test_a_context_smaller_than_the_task_fails_before_any_call(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    with pytest.raises(WorkError, match="input_too_long"):
        make_llm_engine(context_tokens=1_000).apply(
            PromptSpec(None, "word " * 800), [_three_hours()], _ignore
        )
    assert llm.calls == []


def test_answers_that_never_get_shorter_end_the_rounds_of_merging(
    llm: LlmServer, make_llm_engine: MakeEngine
) -> None:
    llm.default = Step(text="A very long answer to any question. " * 200)
    with pytest.raises(WorkError, match="input_too_long"):
        make_llm_engine(context_tokens=4_000).apply(SUMMARIZE, [_three_hours()], _ignore)


def test_empty_documents_are_an_empty_input(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    with pytest.raises(WorkError, match="empty_input"):
        make_llm_engine().apply(SUMMARIZE, [Document("a", Transcript.of_text(" \n"))], _ignore)
    assert llm.calls == []


def test_a_rate_limit_half_way_is_waited_out(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.script.extend(
        [Step(), error(429, "rate_limit_exceeded", Retry_After="0.1"), error(503, Retry_After="0.1")]
    )
    result = make_llm_engine(context_tokens=16_000, parallel=1).apply(SUMMARIZE, [_three_hours()], _ignore)
    assert LAST in result.markdown


def test_a_rate_limit_on_everything_is_given_back(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = error(429, "rate_limit_exceeded", Retry_After="0.1")
    with pytest.raises(RateLimited):
        make_llm_engine(context_tokens=16_000, parallel=4).apply(SUMMARIZE, [_three_hours()], _ignore)
    assert len(llm.calls) <= 8


def test_a_bad_key_half_way_ends_it_at_once(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.script.append(Step())
    llm.default = error(401, "invalid_api_key")
    engine: LlmEngine = make_llm_engine(context_tokens=16_000, parallel=1)
    with pytest.raises(WorkError, match="api_key_invalid"):
        engine.apply(SUMMARIZE, [_three_hours()], _ignore)
    assert len(llm.calls) == 2


def test_progress_never_falls_and_stays_below_one_until_the_end() -> None:
    progress = Progress()
    shares = []
    for tokens in (0, 100, 5_000):
        progress.streamed(tokens)
        shares.append(progress.share)
    progress.expect_more(3)
    for _ in range(4):
        progress.finished()
        progress.streamed(0)
        shares.append(progress.share)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 0.99


class SmallModel:
    """Refuses what is longer than it takes in; before each answer it looks at the progress."""

    def __init__(self, progress: Progress, most_tokens: int) -> None:
        self.progress = progress
        self.most_tokens = most_tokens
        self.shares: list[float] = []

    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        await asyncio.sleep(0)
        if estimate_tokens(conversation[1]["content"]) > self.most_tokens:
            raise ContextExceeded
        on_tokens(1)
        self.shares.append(self.progress.share)
        return Answer("A short answer about it.", 1, 1)


@pytest.mark.parametrize("context_tokens", [128_000, 32_000, 4_000])
def test_progress_follows_the_calls_also_where_they_become_more(context_tokens: int) -> None:
    progress = Progress()
    model = SmallModel(progress, 2_000)
    task = PromptTask("Sum up.", time_marks=False)
    synthesizer = Synthesizer(model, task, context_tokens=context_tokens, parallel=4, progress=progress)
    asyncio.run(synthesizer.run([_three_hours()]))
    shares, calls = model.shares, len(model.shares)
    assert calls > 20
    assert shares == sorted(shares)
    assert all(share < 0.2 + done / calls for done, share in enumerate(shares))
    assert shares[-1] > 0.9
