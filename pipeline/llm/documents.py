"""Documents as a language model reads them: plain text, where the task uses times with a mark on each paragraph."""

from dataclasses import dataclass

from pipeline.speech.transcript import Segment, Transcript, turn_beginnings

PARAGRAPH_SECONDS = 30.0  # a time mark about this often: enough to cite by, cheap in tokens


@dataclass(frozen=True, slots=True)
class Document:
    """One input of a smelt: its file's name, as the client gave it, and what it says."""

    name: str
    transcript: Transcript


def clock(seconds: float) -> str:
    """Seconds from the start as `h:mm:ss`."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def is_timed(transcript: Transcript) -> bool:
    """Whether the segments carry times: those of a recording do, a text's don't."""
    return any(segment.end > 0 for segment in transcript.segments)


def render(transcript: Transcript, *, time_marks: bool) -> str:
    """All that the transcript says, one segment to a line; a recording in paragraphs of about half a minute.

    With `time_marks` each paragraph of a recording begins with `[h:mm:ss]`, its time from the start. Where speakers
    were told apart, a paragraph and each turn in it begins with who speaks, as in `S1: Good morning.`
    """
    if not is_timed(transcript):
        return "\n".join(segment.text for segment in transcript.segments)
    return "\n\n".join(
        (f"[{clock(paragraph[0].start)}] " if time_marks else "")
        + "\n".join(
            f"{speaker}: {segment.text}" if speaker else segment.text
            for segment, speaker in turn_beginnings(paragraph)
        )
        for paragraph in _paragraphs(transcript.segments)
    )


def _paragraphs(segments: tuple[Segment, ...]) -> list[list[Segment]]:
    paragraphs: list[list[Segment]] = []
    for segment in segments:
        if not paragraphs or segment.end - paragraphs[-1][0].start > PARAGRAPH_SECONDS:
            paragraphs.append([])
        paragraphs[-1].append(segment)
    return paragraphs
