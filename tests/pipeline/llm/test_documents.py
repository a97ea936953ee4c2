"""Documents as a model reads them."""

import pytest

from pipeline.llm.documents import clock, is_timed, render
from pipeline.speech.transcript import Segment, Transcript


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.9, "0:00:59"), (36_061.5, "10:01:01"), (-1, "0:00:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_text_is_rendered_as_it_is() -> None:
    text = "# Title\n\nSome  text.\n"
    assert render(Transcript.of_text(text), time_marks=True) == text
    assert not is_timed(Transcript.of_text(text))


SEGMENTS = tuple(Segment(i * 10.0, i * 10.0 + 9, f"sentence {i}") for i in range(7))


def test_a_recording_gets_a_time_mark_every_half_minute_and_loses_no_segment() -> None:
    assert render(Transcript(SEGMENTS), time_marks=True) == (
        "[0:00:00] sentence 0\nsentence 1\nsentence 2\n\n"
        "[0:00:30] sentence 3\nsentence 4\nsentence 5\n\n"
        "[0:01:00] sentence 6"
    )


def test_without_marks_a_recording_is_what_was_said() -> None:
    assert render(Transcript(SEGMENTS), time_marks=False) == (
        "sentence 0\nsentence 1\nsentence 2\n\nsentence 3\nsentence 4\nsentence 5\n\nsentence 6"
    )
