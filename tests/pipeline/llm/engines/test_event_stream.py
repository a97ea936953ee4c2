"""Streams as the standard allows them and servers write them: the answer comes through whole."""

import json

import pytest

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.pipeline.llm.engines.conftest import MakeEngine
from tests.support.llm_server import LlmServer, Step, event

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
DOCUMENTS = [Document("notes.md", Transcript.of_text("The launch is in May."))]
DONE = b"data: [DONE]\n\n"


def words(content: object, finish: str | None = None, **delta: object) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}])


FIRST, LAST, END = words("All is "), words("good."), words(None, "stop")
INDENTED = "".join(
    f"data: {line}\n"
    for line in json.dumps({"choices": [{"delta": {"content": "good."}}]}, indent=1).split("\n")
).encode()
USAGE = event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 5})
TEXT, THINKING = (
    {"type": "text", "text": "good."},
    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
)

LINES = b"".join(piece.removeprefix(b"data: ").rstrip() + b"\r\n" for piece in (FIRST, LAST, END))
OLLAMA = b"".join(
    json.dumps(piece).encode() + b"\n"
    for piece in (
        {"model": "qwen", "message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": False},
        {"model": "qwen", "message": {"role": "assistant", "content": "All is "}, "done": False},
        {"model": "qwen", "message": {"role": "assistant", "content": "good."}, "done": False},
        {
            "done": True,
            "done_reason": "stop",
            "message": {"content": ""},
            "prompt_eval_count": 7,
            "eval_count": 5,
        },
    )
)

DOCUMENT = json.dumps(
    {"choices": [{"message": {"role": "assistant", "content": "All is good."}, "finish_reason": "stop"}]}
).encode()

STREAMS: list[tuple[str, Step]] = [
    ("retry first", Step(raw=b"retry: 3000\n\n" + FIRST + LAST + END + DONE)),
    ("null, true and words for signs of life",
     Step(raw=FIRST + b'data: null\n\ndata: true\n\ndata: "keepalive"\n\ndata: []\n\n' + LAST + END + DONE)),
    ("the end in lower case", Step(raw=FIRST + LAST + b"data: [done]\n\n")),
    ("an alternative that nobody asked for",
     Step(raw=FIRST + event(choices=[{"index": 1, "delta": {"content": "Or bad."}}]) + LAST + END)),
    ("text instead of a delta",
     Step(raw=event(choices=[{"text": "All is "}]) + event(choices=[{"text": "good.", "finish_reason": "stop"}]))),
    ("a reason that is a number",
     Step(raw=FIRST + LAST + event(choices=[{"index": 0, "delta": {}, "finish_reason": 1}]))),
    ("retry with each", Step(raw=b"retry: 1\n" + FIRST + b"retry: 1\n" + LAST + END + DONE)),
    ("empty data", Step(raw=b"data:\n\n" + FIRST + b"data: \n\ndata\n\n" + LAST + END + DONE)),
    ("ids", Step(raw=b"id: 1\n" + FIRST + b"id: 2\n" + LAST + b"id\n\n" + END + b"id: 9\n\n" + DONE)),
    ("an id alone", Step(raw=b"id: 1\n\n" + FIRST + b"\n\n" + LAST + END + b"\n" + DONE)),
    ("kinds of events",
     Step(raw=b"event: message\n" + FIRST + b"event: chunk\n" + LAST + END + b"event: done\n" + DONE)),
    ("pings",
     Step(raw=b'event: ping\ndata: {"type": "ping"}\n\n' + FIRST + b"event: ping\ndata: now\n\n" + LAST + END)),
    ("heartbeats",
     Step(raw=FIRST + b"event: heartbeat\n\n: still here\n\n" + LAST
     + b"event: keep-alive\ndata: 1\n\n" + END)),
    ("unknown fields", Step(raw=b"x-time: 5\n" + FIRST + b"data2: no\n" + LAST + END + DONE)),
    ("carriage returns", Step(raw=(FIRST + LAST + END + DONE).replace(b"\n", b"\r"))),
    ("both kinds of ends", Step(raw=FIRST.replace(b"\n", b"\r\n") + LAST.replace(b"\n", b"\r") + END + DONE)),
    ("no space", Step(raw=(FIRST + LAST + END + DONE).replace(b"data: ", b"data:"))),
    ("a document over several lines", Step(raw=FIRST + INDENTED + b"\n" + END + DONE)),
    ("no empty lines", Step(raw=(FIRST + LAST + END + DONE).replace(b"\n\n", b"\n"))),
    ("no last empty line", Step(raw=(FIRST + LAST + END).rstrip(b"\n"))),
    ("no last empty line behind the end", Step(raw=FIRST + LAST + DONE.rstrip(b"\n"))),
    ("spaces behind the end", Step(raw=FIRST + LAST + b"data: [DONE]  \n\n")),
    ("the end in quotes", Step(raw=FIRST + LAST + b'data: "[DONE]"\n\n')),
    ("an end without a reason", Step(raw=FIRST + LAST + DONE)),
    ("a reason without an end", Step(raw=FIRST + LAST + END)),
    ("a reason that is a word for none", Step(raw=words("All is ", "null") + words("good.", "") + DONE)),
    ("cut off behind the reason", Step(raw=FIRST + LAST + END, cut=True)),
    ("cut off behind the end", Step(raw=FIRST + LAST + END + DONE, cut=True)),
    ("cut off behind an end without a reason", Step(raw=FIRST + LAST + DONE, cut=True)),
    ("cut off in the end", Step(raw=FIRST + LAST + DONE[:-1], cut=True)),
    ("cut off in the end's line", Step(raw=FIRST + LAST + DONE[:-2], cut=True)),
    ("cut off in the reason's line", Step(raw=FIRST + LAST + END[:-2], cut=True)),
    ("cut off in the counts", Step(raw=FIRST + LAST + END + USAGE[:20], cut=True)),
    ("nonsense behind the end", Step(raw=FIRST + LAST + END + b"data: {oops\n\n")),
    ("an error behind the end", Step(raw=FIRST + LAST + END + event(error={"message": "usage failed"}))),
    ("silence behind the end", Step(text="All is good.", stall_after=4)),
    ("what is no UTF-8", Step(raw=b": \xff\xfe\n\n" + FIRST + LAST + END + DONE)),
    ("a byte order mark", Step(raw=b"\xef\xbb\xbf" + FIRST + LAST + END + DONE)),
    ("with its character set", Step(raw=FIRST + LAST + END + DONE, kind="text/event-stream; charset=utf-8")),
    ("as plain text", Step(raw=FIRST + LAST + END + DONE, kind="text/plain")),
    ("called JSON", Step(raw=FIRST + LAST + END + DONE, kind="application/json")),
    ("parts", Step(raw=words([{"type": "text", "text": "All is "}]) + words([TEXT]) + END + DONE)),
    ("words for parts", Step(raw=words(["All is ", "good."]) + END + DONE)),
    ("thoughts as marked text", Step(raw=words([{"text": "Hm", "thought": True}]) + FIRST + LAST + END + DONE)),
    ("thoughts as parts", Step(raw=words([THINKING]) + FIRST + words([THINKING, TEXT]) + END + DONE)),
    ("other parts", Step(raw=FIRST + words([{"type": "reference", "reference_ids": [1]}, TEXT, {"text": ""}]) + END)),
    ("a single part", Step(raw=FIRST + words(TEXT) + END + DONE)),
    ("an empty list of parts", Step(raw=words([]) + FIRST + LAST + END + DONE)),
    ("messages for deltas", Step(raw=event(choices=[{"message": {"content": "All is good."}}]) + END + DONE)),
    ("a whole message behind the deltas", Step(raw=FIRST + LAST + event(
        choices=[{"delta": {}, "message": {"content": "All is good."}, "finish_reason": "stop"}]) + DONE)),
    ("a whole message and no delta behind them", Step(raw=FIRST + LAST + event(
        choices=[{"delta": None, "message": {"content": "All is good."}, "finish_reason": "stop"}]))),
    ("a whole message behind thoughts", Step(raw=words("", reasoning_content="Hm") + event(
        choices=[{"delta": {}, "message": {"content": "All is good."}, "finish_reason": "stop"}]))),
    ("one document", Step(kind="application/json", raw=DOCUMENT)),
    ("one document behind a byte order mark", Step(kind="application/json", raw=b"\xef\xbb\xbf" + DOCUMENT)),
    ("one document, called a stream", Step(raw=DOCUMENT)),
    ("one document, cut off behind it", Step(kind="application/json", raw=DOCUMENT, cut=True)),
    ("a line for each piece, called a stream", Step(raw=LINES)),
    ("a line for each piece", Step(kind="application/x-ndjson", raw=LINES)),
    ("a line for each piece, called JSON", Step(kind="application/json", raw=LINES)),
    ("Ollama's own words", Step(kind="application/x-ndjson", raw=OLLAMA)),
    ("Ollama's own words, the last line without an end", Step(kind="application/x-ndjson", raw=OLLAMA.rstrip())),
    ("Ollama's own words about one text", Step(kind="application/x-ndjson", raw=OLLAMA.replace(
        b'"message": {"role": "assistant", "content": "All is "}', b'"response": "All is "'))),
    ("Ollama's own words in one document", Step(kind="application/json", raw=json.dumps(
        {"message": {"content": "All is good."}, "done": True, "done_reason": "stop"}).encode())),
    ("one document of parts", Step(kind="application/json; charset=utf-8", raw=json.dumps(
        {"choices": [{"message": {"content": [THINKING, {"type": "text", "text": "All is good."}]}}]}, indent=2
    ).encode())),
]  # fmt: skip


@pytest.mark.parametrize("step", [s[1] for s in STREAMS], ids=[s[0] for s in STREAMS])
def test_an_answer_comes_through_however_it_is_streamed(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step
) -> None:
    llm.default = step
    result = make_llm_engine(timeout=0.5).apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert result.markdown == "All is good."
    assert len(llm.calls) == 1


def test_counts_behind_the_end_are_heard(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(raw=b"id: 1\n" + FIRST + LAST + END + b"retry: 5\n\n" + USAGE + DONE)
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert (result.input_tokens, result.output_tokens) == (7, 5)


def test_ollamas_counts_are_heard(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(kind="application/x-ndjson", raw=OLLAMA)
    result = make_llm_engine().apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert (result.input_tokens, result.output_tokens) == (7, 5)


def test_a_connection_is_used_again_behind_the_end(llm: LlmServer, make_llm_engine: MakeEngine) -> None:
    llm.default = Step(raw=FIRST + LAST + END + DONE + b": bye\n\n")
    engine = make_llm_engine()
    for _ in range(3):
        engine.apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert llm.connections == 1


NO_ANSWERS: list[tuple[str, Step, ErrorCode]] = [
    ("cut off in the words", Step(raw=FIRST + LAST, cut=True), ErrorCode.API_UNAVAILABLE),
    ("broken off in an event", Step(raw=FIRST + LAST[:20]), ErrorCode.API_UNAVAILABLE),
    ("neither reason nor end", Step(raw=FIRST + LAST), ErrorCode.API_UNAVAILABLE),
    ("an end without words", Step(raw=b"retry: 5\n\n" + DONE), ErrorCode.SYNTHESIS_FAILED),
    ("thoughts in parts alone", Step(raw=words([THINKING]) + DONE), ErrorCode.SYNTHESIS_FAILED),
    ("parts of no shape", Step(raw=words([{"type": "text", "text": 5}]) + DONE), ErrorCode.SYNTHESIS_FAILED),
    ("an error by the event's name", Step(raw=b'event: error\ndata: {"code": 402}\n\n'),
     ErrorCode.API_QUOTA_EXHAUSTED),
    ("an error by its object", Step(raw=event(object="error", message="secret", code=401)), ErrorCode.API_KEY_INVALID),
    ("lines cut off in the words", Step(kind="application/x-ndjson", raw=LINES[:-40]), ErrorCode.API_UNAVAILABLE),
    ("one line that is no answer by itself",
     Step(kind="application/x-ndjson", raw=OLLAMA[:OLLAMA.index(b"good") - 100]), ErrorCode.API_UNAVAILABLE),
    ("an error in a line", Step(kind="application/x-ndjson", raw=b'{"error": "model not found"}\n'),
     ErrorCode.API_UNAVAILABLE),
    ("an error as a document", Step(kind="application/json", raw=b'{"error": {"code": 402}}'),
     ErrorCode.API_QUOTA_EXHAUSTED),
    ("an error as a document, called a stream", Step(raw=b'{"error": {"code": "insufficient_quota"}}'),
     ErrorCode.API_QUOTA_EXHAUSTED),
    ("a refusal as a part", Step(raw=words([{"type": "refusal", "refusal": "No."}], "stop") + DONE),
     ErrorCode.CONTENT_FILTERED),
    ("filtered behind the end", Step(raw=FIRST + END + event(error={"code": "content_filter"})),
     ErrorCode.CONTENT_FILTERED),
    ("filtered by another name", Step(raw=FIRST + words(None, "SAFETY")), ErrorCode.CONTENT_FILTERED),
    ("half a document", Step(kind="application/json", raw=b'{"choices": [{"message"'), ErrorCode.SYNTHESIS_FAILED),
    ("half a document, cut off", Step(kind="application/json", raw=DOCUMENT[:20], cut=True), ErrorCode.API_UNAVAILABLE),
    ("a document without a reason, cut off",
     Step(kind="application/json", raw=b'{"choices": [{"message": {"content": "Half"}}]}\n', cut=True),
     ErrorCode.API_UNAVAILABLE),
    ("a page", Step(kind="text/html", raw=b"<html>Welcome</html>"), ErrorCode.SYNTHESIS_FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("step", "code"), [n[1:] for n in NO_ANSWERS], ids=[n[0] for n in NO_ANSWERS])
def test_what_is_no_whole_answer_has_its_code(
    llm: LlmServer, make_llm_engine: MakeEngine, step: Step, code: ErrorCode
) -> None:
    llm.default = step
    with pytest.raises(WorkError) as caught:
        make_llm_engine(timeout=0.5).apply(SUMMARIZE, DOCUMENTS, lambda _: None)
    assert caught.value.code == code
