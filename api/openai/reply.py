"""A transcript in OpenAI's shapes. Times are seconds.

What Whisper's own server would tell of its search (tokens, log probabilities) isn't kept here, so it is null.
"""

import json
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

from starlette.responses import JSONResponse, Response

from api.errors import ApiError, problem_body
from api.openai.errors import openai_error
from api.openai.options import Answer, Granularity, ResponseFormat
from pipeline.language_names import LANGUAGES
from pipeline.speech.speakers import speaker_times
from pipeline.speech.subtitles import TranscriptFormat, format_transcript
from pipeline.speech.transcript import Transcript
from pipeline.states import SpeechTask

NOT_KEPT: dict[str, None] = dict.fromkeys(
    ("seek", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")
)
_ONE_SPEAKER = ascii_uppercase[0]
_NOT_DIARIZED = "Speakers are not told apart; every segment is labeled A, whoever speaks."
_SUBTITLES = {ResponseFormat.SRT: TranscriptFormat.SRT, ResponseFormat.VTT: TranscriptFormat.VTT}


def transcription(transcript: Transcript, wanted: Answer) -> Response:
    form = wanted.response_format
    if form in _SUBTITLES:
        subtitles = _SUBTITLES[form]
        return Response(format_transcript(transcript, subtitles), media_type=subtitles.media_type)
    if form is ResponseFormat.TEXT:
        return Response(f"{transcript.text}\n", media_type="text/plain; charset=utf-8")
    body: dict[str, Any] = {"text": transcript.text, **_usage(transcript)}
    if form is ResponseFormat.VERBOSE_JSON:
        body |= _verbose(transcript, wanted)
    if form is ResponseFormat.DIARIZED_JSON:
        body |= _diarized(transcript)
    return JSONResponse(body)


def delta_event(number: int, text: str) -> bytes:
    """Of a segment; all of them together are the text."""
    return _event({"type": "transcript.text.delta", "delta": text if number == 0 else f" {text}"})


def events(transcript: Transcript, told: int = 0) -> Iterator[bytes]:
    """Server-sent events: a delta for each segment behind the first `told`, then the text as a whole."""
    for number, segment in enumerate(transcript.segments[told:], told):
        yield delta_event(number, segment.text)
    yield _event({"type": "transcript.text.done", "text": transcript.text})


def error_event(error: ApiError) -> bytes:
    """The last event of a stream that ends without a transcript."""
    return b"event: error\n" + _event(openai_error(problem_body(error)))


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"usage": {"type": "duration", "seconds": transcript.duration_seconds}}


def _verbose(transcript: Transcript, wanted: Answer) -> dict[str, Any]:
    """Where nothing was said there is no language, but typed clients want a string."""
    spoken = transcript.language or (wanted.language if wanted.language in LANGUAGES else "")
    body: dict[str, Any] = {
        "task": wanted.task,
        "language": "english" if wanted.task is SpeechTask.TRANSLATE else spoken,
        "duration": transcript.duration_seconds,
    }
    if Granularity.SEGMENT in wanted.granularities:
        body["segments"] = [
            {"id": number, "start": segment.start, "end": segment.end, "text": segment.text, **NOT_KEPT}
            for number, segment in enumerate(transcript.segments)
        ]
    if Granularity.WORD in wanted.granularities:
        body["words"] = [
            {"word": word.text.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words
        ]
    return body


def _diarized(transcript: Transcript) -> dict[str, Any]:
    """OpenAI's shape. Where speakers aren't told apart there is a single label, and a field beyond it that says so."""
    labels = {time.label: _letters(number) for number, time in enumerate(speaker_times(transcript))}
    return {
        "task": "transcribe",
        "duration": transcript.duration_seconds,
        "segments": [
            {
                "type": "transcript.text.segment",
                "id": f"seg_{number}",
                "start": segment.start,
                "end": segment.end,
                "text": segment.text,
                "speaker": _ONE_SPEAKER if segment.speaker is None else labels[segment.speaker],
            }
            for number, segment in enumerate(transcript.segments)
        ],
        "warnings": list(transcript.warnings) if labels else [*transcript.warnings, _NOT_DIARIZED],
    }


def _letters(number: int) -> str:
    """As OpenAI labels the speaker who is the `number`th to appear, from 0: A to Z, then AA."""
    letters = ""
    while number >= 0:
        number, letter = divmod(number, len(ascii_uppercase))
        letters, number = ascii_uppercase[letter] + letters, number - 1
    return letters
