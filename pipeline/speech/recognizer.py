"""Speech to transcript: what a recognizer must do, and how a recording is put through it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.errors import SmeltError
from pipeline.speech.blocks import Block
from pipeline.speech.caveats import unheard_warning
from pipeline.speech.transcript import Segment, Span
from pipeline.states import ErrorCode


@dataclass(frozen=True, slots=True)
class SpeechEngineSettings:
    """Which model recognizes, and how it runs. See `SMELT_WHISPER_*` in `pipeline/settings/models.py`.

    `auto` and 0 are filled in by `pipeline/speech/engine_choice.py`.
    """

    model: str  # a name or a folder, see `pipeline/speech/models.py`
    device: str = "auto"
    compute_type: str = "auto"
    threads: int = 0  # of the CPU
    batch_size: int = 0  # windows heard together
    lanes: int = 0  # recordings heard at once


class ModelUnavailable(Exception):
    """The speech model can't be loaded. The message says which setting to change."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about a recording before it is heard."""

    language: str | None = None  # code such as "en"; None: the recognizer finds out
    vocabulary: str | None = None  # names and terms that are likely to be said


@dataclass(frozen=True, slots=True)
class Heard:
    """What one block says. Times are the whole recording's, in seconds.

    `unheard`: stretches of speech of a second or more in which no words were made out.
    """

    segments: tuple[Segment, ...] = ()
    unheard: tuple[Span, ...] = ()


class Hearing(Protocol):
    """One recording's way through a recognizer, block by block."""

    @property
    def language(self) -> str | None:
        """The one that is spoken most, by what has been heard; None before speech has been heard."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know: complete once all blocks have been heard."""
        ...

    def hear(self, block: Block, report: Callable[[float], None]) -> Heard:
        """`report` is told how many seconds of the recording are done, now and then."""
        ...


class Recognizer(Protocol):
    @property
    def lanes(self) -> int:
        """Recordings that it is to hear at once, each in a thread of its own."""
        ...

    def begin(self, hints: Hints) -> Hearing: ...


@dataclass(slots=True)
class Recognition:
    """One recording on its way through a recognizer. `language` is set once words have been heard."""

    recognizer: Recognizer
    hints: Hints
    language: str | None = None
    done_seconds: float = 0.0
    unheard: list[Span] = field(default_factory=list)
    warnings: tuple[str, ...] = ()

    def segments(
        self, blocks: Iterable[Block], on_progress: Callable[[float], None] | None = None
    ) -> Iterator[Segment]:
        """Segments in order, block by block.

        `on_progress` is told how many seconds of the recording are done. Raises SmeltError NO_SPEECH at the
        end if there were no words, and passes on what the blocks and the recognizer raise.
        """
        report = on_progress or (lambda _: None)
        hearing = self.recognizer.begin(self.hints)
        heard_any = False
        for block in blocks:
            heard = hearing.hear(block, report)
            self.unheard += heard.unheard
            if heard.segments:
                self.language, heard_any = hearing.language, True
            yield from heard.segments
            self.done_seconds = block.end_seconds
            report(self.done_seconds)
        self.warnings = (*hearing.warnings, *unheard_warning(self.unheard))
        if not heard_any:
            raise SmeltError(ErrorCode.NO_SPEECH)
