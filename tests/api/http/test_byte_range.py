"""Which part of a reply a client asks for: RFC 9110, section 14."""

import pytest

from api.http.byte_range import ByteRange, NotSatisfiable, byte_range

SIZE = 1_000


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-", 0, 1_000),
        ("bytes=0-0", 0, 1),
        ("Bytes= 10-19 ", 10, 20),
        ("bytes=990-2000", 990, 1_000),
        ("bytes=-10", 990, 1_000),
        ("bytes=-2000", 0, 1_000),
    ],
)
def test_one_range_is_cut_out(header: str, start: int, end: int) -> None:
    assert byte_range(header, SIZE) == ByteRange(start, end, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "lines=0-1",
        "bytes=a-b",
        "bytes=0-" + "9" * 200,
    ],
)
def test_what_is_no_single_range_gets_all_of_it(header: str | None) -> None:
    assert byte_range(header, SIZE) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        byte_range(header, SIZE)


def test_nothing_can_be_cut_out_of_nothing() -> None:
    with pytest.raises(NotSatisfiable):
        byte_range("bytes=0-", 0)
