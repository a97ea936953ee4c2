"""Speech to transcript: what a recognizer must do, and how a recording is put through it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import SmeltError
from pipeline.speech.blocks import Block
from pipeline.speech.transcript import Segment
from pipeline.states import ErrorCode


@dataclass(frozen=True, slots=True)
class SpeechEngineSettings:
    """Which model recognizes, and how it runs. See `SMELT_WHISPER_*` in `pipeline/settings/models.py`."""

    model: str  # a name or a folder, see `pipeline/speech/models.py`
    device: str = "auto"
    compute_type: str = "default"
    threads: int = 0  # of the CPU; 0: the engine's own choice
    batch_size: int = 1  # windows decoded together


class ModelUnavailable(Exception):
    """The speech model can't be loaded. The message says which setting to change."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about a recording before it is heard."""

    language: str | None = None  # code such as "en"; None: the recognizer finds out
    vocabulary: str | None = None  # names and terms that are likely to be said


@dataclass(frozen=True, slots=True)
class Heard:
    """What one block says. `segments` are worked out while they are iterated; times are the whole recording's."""

    language: str | None  # None: no speech in this block
    segments: Iterator[Segment]


class Recognizer(Protocol):
    def begin(self, hints: Hints) -> tuple[str, ...]:
        """Get ready for a new recording; gives warnings about hints that can't be used in full."""
        ...

    def recognize(self, block: Block, hints: Hints) -> Heard: ...


@dataclass(slots=True)
class Recognition:
    """One recording on its way through a recognizer. `language` is set once speech has been heard."""

    recognizer: Recognizer
    hints: Hints
    language: str | None = None
    done_seconds: float = 0.0
    warnings: tuple[str, ...] = ()

    def segments(
        self, blocks: Iterable[Block], on_progress: Callable[[float], None] | None = None
    ) -> Iterator[Segment]:
        """Segments in order, as they are recognized. The first block with speech settles the language.

        `on_progress` is told how many seconds of the recording are done. Raises SmeltError NO_SPEECH at the
        end if there was none, and passes on what the blocks and the recognizer raise.
        """
        report = on_progress or (lambda _: None)
        self.warnings = self.recognizer.begin(self.hints)
        heard_any = False
        for block in blocks:
            hints = Hints(self.language or self.hints.language, self.hints.vocabulary)
            heard = self.recognizer.recognize(block, hints)
            for segment in heard.segments:
                self.language, heard_any = heard.language, True
                report(segment.end)
                yield segment
            self.done_seconds = block.end_seconds
            report(self.done_seconds)
        if not heard_any:
            raise SmeltError(ErrorCode.NO_SPEECH)
