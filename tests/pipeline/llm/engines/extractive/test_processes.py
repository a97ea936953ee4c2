"""The extractive engine in processes: the same results, and a child that can be stopped, killed and replaced."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import GiveBack, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec, Synthesis
from pipeline.llm.engines.extractive import processes
from pipeline.llm.engines.extractive.engine import ExtractiveEngine
from pipeline.llm.engines.extractive.processes import ExtractiveProcesses
from pipeline.processes.child_handle import ChildHandle, Ticker
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import DefaultPromptName, ErrorCode
from tests.support.waiting import wait_until

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
NOTES = Document(
    "notes.md", Transcript.of_text("Ann ships the report on Friday. Bob books a room für morgen: 会议。")
)
SPOKEN = Document(
    "call.mp3",
    Transcript((Segment(0.0, 4.0, "Ann calls the printer."), Segment(4.0, 7.0, "Who pays?")), "en", 7.0),
)


def long(sentences: int = 60_000) -> Document:
    """Seconds of work."""
    lines = [f"word{n} meets word{n + 1} near place{n % 977} today." for n in range(sentences)]
    return Document("long.txt", Transcript.of_text("\n".join(lines)))


@pytest.fixture
def engine() -> Iterator[ExtractiveProcesses]:
    engine = ExtractiveProcesses(count=1)
    yield engine
    engine.close()


def ignore(_share: float) -> None:
    pass


@pytest.mark.parametrize("name", DefaultPromptName)
def test_a_child_gives_what_the_engine_gives(engine: ExtractiveProcesses, name: DefaultPromptName) -> None:
    shares: list[float] = []
    made = engine.apply(PromptSpec(name), [NOTES, SPOKEN], shares.append)
    assert made == ExtractiveEngine().apply(PromptSpec(name), [NOTES, SPOKEN], ignore)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_more_than_one_line_could_hold_goes_to_the_child_and_back(engine: ExtractiveProcesses) -> None:
    heading = "# " + "x" * 900 + "\n\nA sentence stands below it.\n\n"
    documents = [Document(f"{n}.md", Transcript.of_text(heading * 3_000)) for n in range(3)]
    made = engine.apply(PromptSpec(DefaultPromptName.TABLE_OF_CONTENTS), documents, ignore)
    assert made.markdown.count("xxx") > 3_000


def test_what_the_engine_refuses_comes_back_as_its_code_and_the_child_stays(
    engine: ExtractiveProcesses,
) -> None:
    engine.apply(SUMMARIZE, [NOTES], ignore)
    pids = engine.pids
    for prompt, document, code in (
        (SUMMARIZE, Document("empty.txt", Transcript.of_text(" ")), ErrorCode.EMPTY_INPUT),
        (PromptSpec(None, "Write a poem."), NOTES, ErrorCode.SYNTHESIS_FAILED),
    ):
        with pytest.raises(WorkError) as caught:
            engine.apply(prompt, [document], ignore)
        assert caught.value.code is code
        assert not caught.value.retryable
    assert engine.pids == pids


def test_a_killed_child_is_reported_and_replaced(
    engine: ExtractiveProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = processes._converse

    def kill_and_follow(handle: ChildHandle, ticker: Ticker[float]) -> Synthesis | WorkError:
        """The child has just told that it has begun."""
        handle.process.kill()
        return follow(handle, ticker)

    with monkeypatch.context() as patch:
        patch.setattr(processes, "_converse", kill_and_follow)
        with pytest.raises(WorkError) as caught:
            engine.apply(SUMMARIZE, [long()], ignore)
    assert caught.value.code is ErrorCode.WORKER_LOST
    assert caught.value.retryable
    assert engine.apply(SUMMARIZE, [NOTES], ignore).markdown


def test_a_child_that_died_while_idle_is_replaced(engine: ExtractiveProcesses) -> None:
    engine.apply(SUMMARIZE, [NOTES], ignore)
    [pid] = engine.pids
    psutil.Process(pid).kill()
    assert engine.apply(SUMMARIZE, [NOTES], ignore).markdown
    assert engine.pids != [pid]


def test_what_a_tick_raises_stops_the_work_at_once(engine: ExtractiveProcesses) -> None:
    engine.warm()
    [pid] = engine.pids
    freeze = _freezing(engine)
    ticks: list[float] = []

    def stop(share: float) -> None:
        if ticks:  # the child has stood still since the first, so the work can't have ended
            raise GiveBack
        ticks.append(share)
        freeze(share)

    with pytest.raises(GiveBack):
        engine.apply(SUMMARIZE, [NOTES], stop)
    assert not psutil.pid_exists(pid)


def test_ticks_go_on_for_a_child_that_stands_still_and_its_time_has_an_end() -> None:
    engine = ExtractiveProcesses(count=1, stall_seconds=2.0)
    try:
        engine.warm()
        with pytest.raises(WorkError) as caught:
            engine.apply(SUMMARIZE, [NOTES], _freezing(engine))
        assert caught.value.code is ErrorCode.TIMED_OUT
        assert engine.pids == []
    finally:
        engine.close()


def _freezing(engine: ExtractiveProcesses) -> Callable[[float], None]:
    """Stops the child that is there: `apply` ticks once before it hands the work over."""

    def tick(_share: float) -> None:
        for pid in engine.pids:
            os.kill(pid, signal.SIGSTOP)

    return tick


def test_no_more_children_work_than_there_may_be(engine: ExtractiveProcesses) -> None:
    """The others wait for their turn, and go on ticking."""
    made: list[Synthesis] = []
    ticks: list[float] = []
    threads = [
        threading.Thread(target=lambda: made.append(engine.apply(SUMMARIZE, [long(8_000)], ticks.append)))
        for _ in range(4)
    ]
    most = 0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(engine.pids))
        time.sleep(0.01)
    assert len(made) == 4
    assert most == 1


def test_memory_has_a_limit() -> None:
    engine = ExtractiveProcesses(count=1, headroom_bytes=20_000_000)
    try:
        with pytest.raises(WorkError) as caught:
            engine.apply(SUMMARIZE, [long()], ignore)
        assert caught.value.retryable
        assert caught.value.code in (ErrorCode.INTERNAL_ERROR, ErrorCode.WORKER_LOST)
    finally:
        engine.close()


def test_the_memory_of_a_large_job_is_given_back(engine: ExtractiveProcesses) -> None:
    engine.apply(SUMMARIZE, [Document("one.txt", Transcript.of_text("word " * 210_000))], ignore)
    assert engine.pids == []


def test_the_child_sees_nothing_of_the_worker_s_environment(
    engine: ExtractiveProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMELT_KEYRING", "secret")
    engine.apply(SUMMARIZE, [NOTES], ignore)
    child = psutil.Process(engine.pids[0])
    assert not {name for name in child.environ() if name.startswith(("SMELT", "DATABASE", "REDIS", "OPENAI"))}
    assert child.cmdline()[1:3] == ["-m", "pipeline.llm.engines.extractive.child"]
    assert all(argument.isdigit() for argument in child.cmdline()[3:])
    if sys.platform == "linux":
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert "Max core file size        0                    0" in limits


def test_the_child_dies_with_its_parent() -> None:
    script = (
        "import time\n"
        "from pipeline.llm.engines.extractive.processes import ExtractiveProcesses\n"
        "engine = ExtractiveProcesses(count=1)\n"
        "engine.warm()\n"
        "print(engine.pids[0], flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        wait_until(
            lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 20
        )
