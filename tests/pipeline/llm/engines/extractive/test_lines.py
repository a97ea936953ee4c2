"""Lines put back together, without captions and marks."""

import pytest

from pipeline.llm.engines.extractive.lines import pieces, unmarked


def _texts(text: str) -> list[str]:
    return [" ".join(piece.text.split()) for piece in pieces(text, 1)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "The committee met on Monday and talked about Berlin and\n"
            "Paris, which the members had asked for in the last\nMeeting of the year.",
            1,
        ),
        ("Present\nAnn Smith\nBob Jones of the committee for the garden", 3),
        ("Ann: I will write the letter to the council today, I think.\nBob: Fine.", 2),
        ("<ann> I will write the letter\n<bob> fine", 2),
        ("00:00:01.000 | We lined up our\n00:00:02.000 | first guest.\n00:00:03.000 | It is Paul.", 2),
        (
            "Rough winds do shake the buds\nAnd summer's lease is short\nSometime it shines\nAnd often it is dimm'd",
            4,
        ),
        (
            "Two came to the meeting. Bob is to call the second\ncandidate tomorrow. Open: do we pay for all of it?",
            1,
        ),
        ("Dr. A. Smith: I will write the letter.\nProf. Jones: Fine.", 2),
        (  # speech, a line for what is said in one breath
            "okay so welcome everybody thanks for joining\nthe budget\nwe are about ten percent over on it this year\n"
            "Lisa you wanted to check\nyes I will check them by Monday\nokay\nbye",
            7,
        ),
        (  # and what a margin broke, though it doesn't end
            "the members who came to the meeting of the club and\nwho had all been told of it by the letter that the\n"
            "chair wrote in the week before it or heard of it at\nhome or read of it in the paper of the town, as the\n"
            "council does too, or saw the note that hangs on the\ndoor of the hall where it takes place each month",
            1,
        ),
        ("会议决定推迟发布\n因为客户需要更多时间", 1),
    ],
)
def test_lines_are_joined_where_a_margin_broke_them(text: str, lines: int) -> None:
    assert len(_texts(text)) == lines


def test_a_time_of_day_stays_in_its_sentence_and_a_caption_s_goes() -> None:
    assert _texts("6:45 p.m. is late.") == ["6:45 p.m. is late."]
    assert _texts("[0:01:10] We are late.") == ["We are late."]


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("**Ann** will _go_", "Ann will go"),
        ("see [the plan](http://x.example) of `main`", "see the plan of main"),
        ("[![build](https://x.example/a.svg)](https://x.example) Words", " Words"),
        ("when <T> awaits <package>, it <b>waits</b><br/>", "when <T> awaits <package>, it waits"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("it <b>is</b> 2 &lt; 3 \\* 4", "it is 2 < 3 * 4"),
        ("snake_case_name and a * b", "snake_case_name and a * b"),
        ("one\ntwo  \nthree", "one\ntwo\nthree"),
    ],
)
def test_marks_go_and_words_stay(marked: str, words: str) -> None:
    assert unmarked(marked) == words
