"""Transcripts as text, subtitles and JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.subtitles import NotTimed, TranscriptFormat, format_transcript
from pipeline.speech.transcript import Segment, Transcript, Word
from pipeline.states import SpeechTask

MEETING = Transcript(
    (
        Segment(0.24, 2.24, "hello bob", (Word(0.24, 1.0, " hello"), Word(1.0, 2.24, " bob"))),
        Segment(3661.5, 3662.0, "Q&A <now>", (Word(3661.5, 3662.0, " Q&A <now>"),)),
    ),
    language="en",
    duration_seconds=3700.0,
    warnings=("Careful.",),
    unheard=((10.25, 12.5),),
)
NOTES = Transcript.of_text("# Notes\n\nOne line.")


def written(transcript: Transcript, form: TranscriptFormat) -> str:
    return format_transcript(transcript, form).decode()


def test_txt_has_a_line_for_each_segment() -> None:
    assert written(MEETING, TranscriptFormat.TXT) == "hello bob\nQ&A <now>\n"


def test_srt() -> None:
    assert written(MEETING, TranscriptFormat.SRT) == (
        "1\n00:00:00,240 --> 00:00:02,240\nhello bob\n\n2\n01:01:01,500 --> 01:01:02,000\nQ&A <now>\n"
    )


def test_vtt_escapes_what_would_be_markup() -> None:
    assert written(MEETING, TranscriptFormat.VTT) == (
        "WEBVTT\n\n00:00:00.240 --> 00:00:02.240\nhello bob\n\n"
        "01:01:01.500 --> 01:01:02.000\nQ&amp;A &lt;now&gt;\n"
    )


def test_json_has_segments_and_words_in_seconds() -> None:
    assert json.loads(format_transcript(MEETING, TranscriptFormat.JSON)) == {
        "task": "transcribe",
        "complete": True,
        "language": "en",
        "duration_seconds": 3700.0,
        "text": "hello bob Q&A <now>",
        "segments": [
            {"id": 0, "start": 0.24, "end": 2.24, "text": "hello bob"},
            {"id": 1, "start": 3661.5, "end": 3662.0, "text": "Q&A <now>"},
        ],
        "words": [
            {"start": 0.24, "end": 1.0, "word": "hello"},
            {"start": 1.0, "end": 2.24, "word": "bob"},
            {"start": 3661.5, "end": 3662.0, "word": "Q&A <now>"},
        ],
        "unheard": [{"start": 10.25, "end": 12.5}],
        "warnings": ["Careful."],
    }


def test_json_says_what_was_spoken_where_it_changes() -> None:
    spoken = Transcript(
        (Segment(0, 1, "Hello.", language="en"), Segment(1, 2, "Hello again.", language="de")),
        "en",
        2.0,
        task=SpeechTask.TRANSLATE,
    )
    document = json.loads(format_transcript(spoken, TranscriptFormat.JSON))
    assert document["task"] == "translate"
    assert [segment["language"] for segment in document["segments"]] == ["en", "de"]


def test_a_text_stays_as_it_is() -> None:
    assert written(NOTES, TranscriptFormat.TXT) == "# Notes\n\nOne line.\n"
    document = json.loads(format_transcript(NOTES, TranscriptFormat.JSON))
    assert document["text"] == "# Notes\n\nOne line."
    assert document["segments"] == document["words"] == document["unheard"] == []


@pytest.mark.parametrize("form", [TranscriptFormat.SRT, TranscriptFormat.VTT])
def test_a_text_has_no_subtitles(form: TranscriptFormat) -> None:
    with pytest.raises(NotTimed, match="txt or json"):
        format_transcript(NOTES, form)


@given(st.text(min_size=1), st.sampled_from([TranscriptFormat.SRT, TranscriptFormat.VTT]))
def test_no_words_can_end_or_forge_a_cue(text: str, form: TranscriptFormat) -> None:
    spoken = Transcript((Segment(1, 2, text), Segment(3, 3, "last")), "en", 4.0)
    lines = written(spoken, form).split("\n")
    assert sum("-->" in line for line in lines) == 2
    assert lines[-2] == "last"
    last_span = next(line for line in reversed(lines) if "-->" in line)
    start, _, end = last_span.partition(" --> ")
    assert start < end


@pytest.mark.parametrize("form", list(TranscriptFormat))
def test_every_format_names_its_media_type(form: TranscriptFormat) -> None:
    assert "/" in form.media_type
