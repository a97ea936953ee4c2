"""The four forms, as tools write them and as they should not."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.evaluate.references import ReferenceInvalid, read_reference

SRT = """1
00:00:00,240 --> 00:00:02,240
<i>Hello</i> {\\an8}Bob,

2
00:00:02,500 --> 00:00:04,000 X1:100
42

is <font color="#fff">the answer</font>
2024

3
00:00:05,000 --> 00:00:06,000
a < b & c
99
"""
VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE
Not 00:01 said

intro
00:00.000 --> 00:02.000 align:start
<v Bob>Hello,</v> <c.loud>Q&amp;A</c>

100:00:02.000 --> 100:00:04.000
it<00:00:03.000> is&nbsp;late
tonight
"""
STM = """;; CATEGORY "0" "" ""
talk 1 alice 4.0 6.5 <o,f0,female> {second / 2nd} {um / @} line
talk 2 bob 0.5 3.9 <o,f0,male> the first line
talk 1 inter_segment_gap 6.5 9.25 <o,,unknown> IGNORE_TIME_SEGMENT_IN_SCORING
talk 1 carol 9.25 11 no label {@ / oh} {{a / b} c / d}
talk 1 alice 12 13
"""


def words(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_reference(path).text


@pytest.mark.parametrize(
    "written",
    [
        str.encode,
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
    ],
    ids=["plain", "DOS", "old Mac", "DOS with a mark", "UTF-16"],
)
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "Hello Bob,\n\n42 is the answer.\n", "Hello Bob, 42 is the answer."),
        ("a.srt", SRT, "Hello Bob, 42 is the answer 2024 a < b & c 99"),
        ("a.vtt", VTT, "Hello, Q&A it is late tonight"),
        ("talk.stm", STM, "the first line second um line no label a c"),
        ("talk.STM", STM, "the first line second um line no label a c"),
    ],
)
def test_words_and_nothing_else(
    tmp_path: Path, name: str, content: str, said: str, written: Callable[[str], bytes]
) -> None:
    assert words(tmp_path, name, written(content)) == said


@pytest.mark.parametrize("name", ["a.txt", "a.srt", "a.vtt", "a.stm"])
@pytest.mark.parametrize("content", ["", " \r\n\n"])
def test_an_empty_file_says_that_nothing_is_said(tmp_path: Path, name: str, content: str) -> None:
    assert words(tmp_path, name, content) == ""


def test_subtitles_without_numbers_or_blank_lines_are_whole(tmp_path: Path) -> None:
    assert words(tmp_path, "a.srt", "0:01,0 --> 0:02,5\none\n0:02,5 --> 0:03,0\ntwo") == "one two"
    assert words(tmp_path, "a.vtt", "WEBVTT\n") == ""


def test_the_spans_that_are_not_scored_keep_their_times(tmp_path: Path) -> None:
    (tmp_path / "talk.stm").write_text(STM)
    assert read_reference(tmp_path / "talk.stm").unscored == ((6.5, 9.25),)


def test_an_stm_of_several_recordings_gives_those_of_this_name(tmp_path: Path) -> None:
    lines = "other 1 a 0 1 not this\ntalk 1 a 0 1 this\n"
    assert words(tmp_path, "talk.stm", lines) == "this"
    assert words(tmp_path, "else.stm", "talk 1 a 0 1 this\n") == "this"
    with pytest.raises(ReferenceInvalid, match="2 recordings"):
        words(tmp_path, "third.stm", lines)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"caf\xe9", "UTF-8"),
        ("a.srt", "only words", "no subtitle"),
        ("a.vtt", "00:01.000 --> 00:02.000\nhello", "WEBVTT"),
        ("a.stm", ";; fine\ntalk 1 a 0.0 one hello", "Line 2"),
        ("a.stm", "talk 1 a 0.0", "Line 1"),
    ],
)
def test_what_cannot_be_read_is_told_without_its_words(
    tmp_path: Path, name: str, content: str | bytes, complaint: str
) -> None:
    with pytest.raises(ReferenceInvalid, match=complaint) as caught:
        words(tmp_path, name, content)
    assert "hello" not in str(caught.value)
