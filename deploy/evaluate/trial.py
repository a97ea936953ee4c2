"""One recording put to the test: heard, and compared with what is said in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.evaluate.listening import Listener, OnProgress, unheard_seconds
from deploy.evaluate.recordings import Recording
from deploy.evaluate.references import Reference, ReferenceInvalid, read_reference
from deploy.evaluate.scoring import Score, score
from pipeline.errors import SmeltError
from pipeline.speech.process import SpeechProgress
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import ErrorCode

REFERENCE_INVALID, UNREADABLE = "reference_invalid", "unreadable"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one recording. `code`: why it has no score; or `no_speech`, which has one: nothing was heard."""

    name: str
    reference: str  # the file's name
    score: Score | None = None  # None: it failed
    heard: str = ""
    language: str | None = None
    seconds: float | None = None  # how long the recording is
    took_seconds: float | None = None
    unheard_seconds: float = 0.0
    memory_bytes: int | None = None
    code: str | None = None
    detail: str | None = None
    warnings: Sequence[str] = field(default=())


def try_out(
    listener: Listener, recording: Recording, reference: Path, language: str | None, on_progress: OnProgress
) -> Trial:
    """`language`: what is spoken; None: the model finds out, and its finding chooses the normalisation.

    Raises ModelUnavailable: a speech process that died can't be replaced.
    """
    names = (recording.name, reference.name)
    latest = SpeechProgress(0.0, None)

    def note(progress: SpeechProgress) -> None:
        nonlocal latest
        latest = progress
        on_progress(progress)

    try:
        said = read_reference(reference)
        heard = listener.listen(recording.path, language, note)
    except ReferenceInvalid as error:
        return Trial(*names, code=REFERENCE_INVALID, detail=f"{reference.name}: {error}")
    except OSError as error:
        return Trial(*names, code=UNREADABLE, detail=str(error))
    except SmeltError as error:
        silent = error.code is ErrorCode.NO_SPEECH
        return Trial(
            *names,
            score=score(said.text, "", language) if silent else None,
            seconds=latest.total_seconds,
            memory_bytes=listener.memory_bytes(),
            code=error.code,
            detail=error.detail,
        )
    transcript = heard.transcript
    text = scored_text(transcript, said)
    return Trial(
        *names,
        score=score(said.text, text, language or transcript.language),
        heard=text,
        language=transcript.language,
        seconds=transcript.duration_seconds,
        took_seconds=heard.took_seconds,
        unheard_seconds=unheard_seconds(transcript),
        memory_bytes=listener.memory_bytes(),
        warnings=transcript.warnings,
    )


def scored_text(transcript: Transcript, reference: Reference) -> str:
    """What was heard, without the words in the middle of spans that the reference leaves open."""
    if not reference.unscored:
        return transcript.text
    return " ".join(" ".join(_scored(segment, reference) for segment in transcript.segments).split())


def _scored(segment: Segment, reference: Reference) -> str:
    if not segment.words:
        return segment.text if _counts(segment.start, segment.end, reference) else ""
    return "".join(word.text for word in segment.words if _counts(word.start, word.end, reference))


def _counts(start: float, end: float, reference: Reference) -> bool:
    middle = (start + end) / 2
    return not any(begin <= middle <= finish for begin, finish in reference.unscored)
