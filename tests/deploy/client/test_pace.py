"""How long what is left may take, by what has been heard."""

import pytest

from deploy.client.pace import Pace
from smelt_client.models import FileReply
from tests.support.smelt_replies import file


def recording(number: int, progress: float, seconds: float | None = 100.0, size: int = 1_000) -> FileReply:
    return file(number, status="processing", progress=progress, duration_seconds=seconds, size_bytes=size)


def left(before: list[FileReply], after: list[FileReply], within: float) -> float | None:
    moments = iter([0.0, within])
    pace = Pace(lambda: next(moments))
    assert pace.left(before) is None
    return pace.left(after)


A, B = recording(1, 0.0), recording(2, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "within", "expected"),
    [
        ([A, B], [recording(1, 0.5), B], 10.0, 30.0),  # 50 of 200 seconds in 10
        ([A, B], [recording(1, 0.5), B], 4.0, None),  # too early to tell
        ([A, B], [A, B], 60.0, None),  # nothing was heard
        ([A], [file(1, status="completed", duration_seconds=100.0)], 60.0, None),  # nothing is left
        ([A], [file(1, status="failed", progress=0.1, duration_seconds=100.0)], 60.0, None),
        # Heard before it was looked at counts for nothing
        ([recording(1, 0.5)], [recording(1, 0.75)], 10.0, 10.0),
        # As long as the others, byte by byte
        (
            [A, recording(2, 0.0, None, 3_000)],
            [recording(1, 1.0), recording(2, 0.0, None, 3_000)],
            10.0,
            30.0,
        ),
        ([recording(1, 0.0, None)], [recording(1, 0.0, None)], 10.0, None),  # no length is known
        ([file(1, input_type="text", duration_seconds=None)], [], 10.0, None),
    ],
)
def test_what_is_left_takes_as_long_as_what_was_heard(
    before: list[FileReply], after: list[FileReply], within: float, expected: float | None
) -> None:
    assert left(before, after, within) == expected
