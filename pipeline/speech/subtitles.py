"""A transcript as a file: plain text, SubRip, WebVTT or JSON.

Sources: the W3C's WebVTT for its escapes; SubRip has no specification, players agree on what is written here.
"""

import json
from enum import StrEnum

from pipeline.speech.transcript import Segment, Transcript


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


def format_transcript(transcript: Transcript, form: TranscriptFormat) -> bytes:
    """The whole file, as UTF-8. Raises NotTimed for srt and vtt of a text input."""
    if form is TranscriptFormat.JSON:
        return _json(transcript)
    if form is TranscriptFormat.TXT:
        return _txt(transcript)
    if not is_timed(transcript):
        raise NotTimed
    return _srt(transcript) if form is TranscriptFormat.SRT else _vtt(transcript)


def is_timed(transcript: Transcript) -> bool:
    """Whether the transcript is a recording's: a text's has no duration."""
    return transcript.duration_seconds is not None


def _txt(transcript: Transcript) -> bytes:
    """One segment a line. A text input stays as it is."""
    text = "\n".join(segment.text for segment in transcript.segments)
    return (text if text.endswith("\n") else text + "\n").encode()


def _json(transcript: Transcript) -> bytes:
    """Segments and words are named as in OpenAI's `verbose_json`; a text input has neither.

    `unheard`: where somebody seems to speak and no words could be made out.
    """
    timed = transcript.segments if is_timed(transcript) else ()
    document = {
        "language": transcript.language,
        "duration_seconds": transcript.duration_seconds,
        "text": transcript.text,
        "segments": [
            {"id": number, "start": segment.start, "end": segment.end, "text": segment.text}
            for number, segment in enumerate(timed)
        ],
        "words": [
            {"start": word.start, "end": word.end, "word": word.text.strip()}
            for segment in timed
            for word in segment.words
        ],
        "unheard": [{"start": start, "end": end} for start, end in transcript.unheard],
        "warnings": list(transcript.warnings),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _srt(transcript: Transcript) -> bytes:
    cues = [
        f"{number}\n{_span(segment, ',')}\n{_line(segment).replace('-->', '->')}\n"
        for number, segment in enumerate(transcript.segments, start=1)
    ]
    return "\n".join(cues).encode()


def _vtt(transcript: Transcript) -> bytes:
    cues = [
        f"{_span(segment, '.')}\n"
        f"{_line(segment).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}\n"
        for segment in transcript.segments
    ]
    return "\n".join(["WEBVTT\n", *cues]).encode()


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
