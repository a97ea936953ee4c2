"""A transcript as a file: plain text, SubRip, WebVTT or JSON.

Sources: the W3C's WebVTT for its escapes; SubRip has no specification, players agree on what is written here.
"""

import json
from enum import StrEnum

from pipeline.speech.transcript import Segment, Transcript, Word, turn_beginnings


class TranscriptFormat(StrEnum):
    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    TranscriptFormat.TXT: "text/plain; charset=utf-8",
    TranscriptFormat.SRT: "application/x-subrip; charset=utf-8",
    TranscriptFormat.VTT: "text/vtt; charset=utf-8",
    TranscriptFormat.JSON: "application/json",
}


class NotTimed(Exception):
    """Subtitles were asked of a text input, which has no times. The message may be shown to anyone."""

    def __init__(self) -> None:
        super().__init__("A text has no times, so there are no subtitles of it; ask for txt or json.")


def format_transcript(transcript: Transcript, form: TranscriptFormat, *, complete: bool = True) -> bytes:
    """The whole file, as UTF-8. `complete`: whether it is all that is said. Raises NotTimed for srt and vtt of a text
    input.
    """
    if form is TranscriptFormat.JSON:
        return _json(transcript, complete=complete)
    if form is TranscriptFormat.TXT:
        return _txt(transcript)
    if not is_timed(transcript):
        raise NotTimed
    return _srt(transcript) if form is TranscriptFormat.SRT else _vtt(transcript)


def is_timed(transcript: Transcript) -> bool:
    """Whether the transcript is a recording's: a text's has no duration."""
    return transcript.duration_seconds is not None


def _txt(transcript: Transcript) -> bytes:
    """One segment a line, which says who speaks where that changes. A text input stays as it is."""
    lines = turn_beginnings(transcript.segments)
    text = "\n".join(f"{speaker}: {segment.text}" if speaker else segment.text for segment, speaker in lines)
    return (text if text.endswith("\n") else text + "\n").encode()


def _json(transcript: Transcript, *, complete: bool) -> bytes:
    """Segments and words are named as in OpenAI's `verbose_json`; a text input has neither.

    `language`: that is spoken, told of a segment where it was said to change; a translation (`task`) is in English.
    `speaker`: where speakers were told apart. `unheard`: where somebody seems to speak and no words could be made out.
    """
    timed = transcript.segments if is_timed(transcript) else ()
    document = {
        "complete": complete,
        "task": transcript.task,
        "language": transcript.language,
        "duration_seconds": transcript.duration_seconds,
        "text": transcript.text,
        "segments": [
            {
                "id": number,
                "start": segment.start,
                "end": segment.end,
                "text": segment.text,
                **({"language": segment.language} if segment.language else {}),
                **_speaker(segment),
            }
            for number, segment in enumerate(timed)
        ],
        "words": [
            {"start": word.start, "end": word.end, "word": word.text.strip(), **_speaker(word)}
            for segment in timed
            for word in segment.words
        ],
        "unheard": [{"start": start, "end": end} for start, end in transcript.unheard],
        "warnings": list(transcript.warnings),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _srt(transcript: Transcript) -> bytes:
    cues = [
        f"{number}\n{_span(segment, ',')}\n{_said(segment).replace('-->', '->')}\n"
        for number, segment in enumerate(transcript.segments, start=1)
    ]
    return "\n".join(cues).encode()


def _vtt(transcript: Transcript) -> bytes:
    cues = [
        f"{_span(segment, '.')}\n{_voice(segment)}{_escaped(_line(segment))}\n"
        for segment in transcript.segments
    ]
    return "\n".join(["WEBVTT\n", *cues]).encode()


def _speaker(said: Segment | Word) -> dict[str, str]:
    return {} if said.speaker is None else {"speaker": said.speaker}


def _said(segment: Segment) -> str:
    """Each subtitle is seen by itself, so each says who speaks."""
    return _line(segment) if segment.speaker is None else f"{segment.speaker}: {_line(segment)}"


def _voice(segment: Segment) -> str:
    """WebVTT's own mark of who speaks."""
    return "" if segment.speaker is None else f"<v {_escaped(segment.speaker)}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(segment: Segment) -> str:
    """A line break inside a cue could end it."""
    return " ".join(segment.text.split())


def _span(segment: Segment, point: str) -> str:
    start = round(segment.start * 1_000)
    end = max(round(segment.end * 1_000), start + 1)  # a cue without length is never shown
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{rest:03}"
