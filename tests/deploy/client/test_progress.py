"""What is shown while smelts are at work, on terminals of any width and in pipes."""

import io
from uuid import UUID

import pytest
from rich.cells import cell_len
from rich.console import Console

from deploy.client import progress
from deploy.client.pace import Pace
from deploy.client.progress import Lines, display, drawn
from smelt_client.models import SmeltReply
from tests.support.smelt_replies import file, output, smelt

LONG = "a recording whose name is much longer than any narrow terminal is wide.m4a"


def few() -> SmeltReply:
    waits = file(2, status="pending", progress=0.0, queue_position=12, filename=LONG)
    files = [
        file(1, status="processing", progress=0.42),
        waits,
        file(3),
        file(4, status="failed", progress=1.0),
    ]
    return smelt(*files, outputs=[output(files[1], status="waiting", progress=0.0)], progress=0.4)


def many(working: int, total: int = 100) -> SmeltReply:
    files = [
        file(number, status="processing" if number <= working else "pending", progress=0.25, filename=LONG)
        for number in range(1, total + 1)
    ]
    return smelt(*files, progress=0.1)


def shown(smelts: list[SmeltReply], width: int, heard: dict[UUID, str] | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(drawn(smelts, Pace(), width, heard))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_every_line_fits_and_says_how_far_it_is(width: int) -> None:
    lines = shown([few()], width)
    assert len(lines) == 5
    assert max(map(cell_len, lines)) <= width
    for line, standing in zip(
        lines,
        ["42%", "place 12 in the queue"[: width // 2 - 1], "completed", "failed", "waiting"],
        strict=True,
    ):
        assert standing in line
    assert "…" in lines[1] or width == 200
    assert ("━" in lines[0]) == (width >= progress.WIDE)


@pytest.mark.parametrize(("working", "width", "lines"), [(0, 40, 2), (3, 40, 5), (9, 40, 8), (9, 120, 8)])
def test_of_many_there_is_one_line_for_all_and_the_few_at_work(working: int, width: int, lines: int) -> None:
    told = shown([many(working)], width)
    assert len(told) == lines
    assert told[0] == "  0 of 100 files"
    assert sum("25%" in line for line in told) == min(working, 5)
    assert (told[-1] == "  and 4 more at work") == (working == 9)
    assert max(map(cell_len, told)) <= width


@pytest.mark.parametrize("width", [40, 80])
def test_below_a_recording_at_work_stands_what_was_heard_last(width: int) -> None:
    heard = {each.id: f"And then \x1b[31mhe said\n{LONG} of {each.filename}" for each in few().files}
    lines = shown([few()], width, heard)
    assert len(lines) == 6
    assert lines[1].startswith("          And then")
    assert "\x1b" not in lines[1]
    assert max(map(cell_len, lines)) <= width


def printed(*states: list[SmeltReply]) -> list[str]:
    console = Console(file=io.StringIO(), width=40)
    with display(console) as lines:
        assert isinstance(lines, Lines)
        for state in states:
            lines.show(state)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_in_a_pipe_there_is_a_line_for_each_change_of_state() -> None:
    one, later = file(1, status="processing", progress=0.1), file(1, status="processing", progress=0.2)
    waits = file(1, status="processing", progress=0.2, waiting_for="content_store")
    assert printed([smelt(one)], [smelt(later)], [smelt(waits)], [smelt(file(1))]) == [
        "  file    talk-1.m4a: 10%",
        "  file    talk-1.m4a: waits for the content store",
        "  file    talk-1.m4a: completed",
    ]


def test_of_many_there_is_a_line_now_and_then_and_one_at_the_end() -> None:
    begun = smelt(*(file(number, status="pending") for number in range(100)), status="transcribing")
    half = smelt(
        *(file(number, status="pending" if number % 2 else "completed") for number in range(100)),
        status="transcribing",
    )
    done = smelt(*(file(number) for number in range(100)))
    assert printed([begun], [half], [done], [done]) == ["  0 of 100 files", "  100 of 100 files"]
