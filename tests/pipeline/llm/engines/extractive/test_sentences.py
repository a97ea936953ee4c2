"""Texts and transcripts taken apart into sentences; nothing is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.llm.documents import Document
from pipeline.llm.engines.extractive.sentences import Kind, Reading, read
from pipeline.llm.engines.extractive.splitting import split_sentences
from pipeline.speech.transcript import Segment, Transcript


def _read(transcript: Transcript) -> Reading:
    return read(Document("x", transcript), 0, lambda: None)


def _texts(text: str) -> list[str]:
    return [sentence.text for sentence in _read(Transcript.of_text(text)).sentences]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        (
            "Dr. Smith paid 3.5 million, e.g. in May. Done.",
            ["Dr. Smith paid 3.5 million, e.g. in May.", "Done."],
        ),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),  # noqa: RUF001
        ("A line\nthat goes on.\n\nA paragraph", ["A line that goes on.", "A paragraph"]),
        ("- one\n- two\n1. three", ["one", "two", "three"]),
        ("---\n\n```\nlet x = 1\n```\n\n<div>\nx\n</div>\n\n| a | b |\n| --- | --- |\n| c | d |\n", []),
    ],
)
def test_a_text_is_taken_apart(text: str, sentences: list[str]) -> None:
    assert _texts(text) == sentences


@given(st.text(st.one_of(st.sampled_from(" \n.!?ab。"), st.characters()), max_size=200))
def test_sentences_joined_are_the_text(text: str) -> None:
    joined = "".join(split_sentences(text))
    assert text.startswith(joined)
    assert not text[len(joined) :].strip()


def test_headings_checkboxes_and_lines_are_told() -> None:
    reading = _read(Transcript.of_text("# Top\n\n- [ ] open\n- [x] done\n\n## Sub ##\nText here."))
    assert [(heading.text, heading.level, heading.first) for heading in reading.headings] == [
        ("Top", 1, 0),
        ("Sub", 2, 2),
    ]
    assert [(s.text, s.kind, s.place) for s in reading.sentences] == [
        ("open", Kind.OPEN_TASK, "line 3"),
        ("done", Kind.DONE_TASK, "line 4"),
        ("Text here.", Kind.PROSE, "line 7"),
    ]


def test_without_punctuation_each_segment_is_a_sentence() -> None:
    segments = (Segment(0, 4, "alice will call"), Segment(61.5, 65, "bob will write"))
    sentences = _read(Transcript(segments)).sentences
    assert [(s.text, s.place, s.start) for s in sentences] == [
        ("alice will call", "0:00:00", 0),
        ("bob will write", "0:01:01", 61.5),
    ]


def test_with_punctuation_sentences_run_over_segments_and_keep_their_times() -> None:
    segments = (
        Segment(0, 4, "First one. The second"),
        Segment(5, 9, "goes on here."),
        Segment(10, 12, "Third."),
    )
    sentences = _read(Transcript(segments)).sentences
    assert [(s.text, s.start) for s in sentences] == [
        ("First one.", 0),
        ("The second goes on here.", 0),
        ("Third.", 10),
    ]


@pytest.mark.parametrize("unit", [".", ". ", "a. ", "\n", "- [ ] ", '".'])
def test_time_is_linear_whatever_the_text_is_made_of(unit: str) -> None:
    begun = time.perf_counter()
    _texts((unit * 300_000)[:300_000])
    assert time.perf_counter() - begun < 10


def test_time_is_linear_in_the_segments_of_a_recording() -> None:
    """Sentences end within the segments and not with them, but for those at its beginning."""
    segments = [Segment(i, i + 1, "Done." if i < 20_000 else "on. And") for i in range(80_000)]
    begun = time.perf_counter()
    sentences = _read(Transcript(tuple(segments))).sentences
    assert time.perf_counter() - begun < 10
    assert [(s.text, s.start) for s in sentences[19_999:20_002]] == [
        ("Done.", 19_999),
        ("on.", 20_000),
        ("And on.", 20_000),
    ]


@pytest.mark.parametrize("word", ["word ", "word\n", "x", "\u4f1a"])
def test_what_goes_on_without_an_end_is_cut_between_words(word: str) -> None:
    text = "Short. " + word * 3_000
    pieces = list(split_sentences(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= 2_000 for piece in pieces)
    assert all(piece.endswith(word) for piece in pieces[1:])


def test_a_sharp_at_a_heading_s_end_belongs_to_it_unless_it_closes_it() -> None:
    text = "# C#\n## Plan ##\n### a # b #  \n#\n"
    reading = _read(Transcript.of_text(text))
    assert [heading.text for heading in reading.headings] == ["C#", "Plan", "a # b"]
