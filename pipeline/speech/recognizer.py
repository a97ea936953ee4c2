"""Speech to transcript: what a recognizer must do, and how a recording is put through it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.errors import SmeltError
from pipeline.speech.blocks import Block
from pipeline.speech.caveats import unheard_warning
from pipeline.speech.passage import NOTHING_BEFORE, Before, Passage
from pipeline.speech.transcript import Span
from pipeline.states import ErrorCode, SpeechTask


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about a recording before it is heard."""

    language: str | None = None  # code such as "en", or MULTI; None: the recognizer finds out
    vocabulary: str | None = None  # names and terms that are likely to be said
    task: SpeechTask = SpeechTask.TRANSCRIBE  # what is to become of it


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

    def hear(self, block: Block, report: Callable[[float], None]) -> Iterator[Passage]:
        """What the block says, passage by passage; the last ends where the block does.

        `report` is told how many seconds of the recording are done, now and then.
        """
        ...


class Recognizer(Protocol):
    @property
    def lanes(self) -> int:
        """Recordings that it is to hear at once, each in a thread of its own."""
        ...

    def begin(self, hints: Hints, before: Before) -> Hearing:
        """`before`: what was heard of the recording already: the first block begins at its end.

        Raises SmeltError TRANSCRIPTION_FAILED: it can't do what is asked for.
        """
        ...


@dataclass(slots=True)
class Recognition:
    """One recording on its way through a recognizer. `language` is set once words have been heard.

    `before`: what was heard of it already; `unheard` and `warnings` are the whole recording's all the same.
    """

    recognizer: Recognizer
    hints: Hints
    before: Before = NOTHING_BEFORE
    language: str | None = None
    done_seconds: float = field(init=False)
    unheard: list[Span] = field(init=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.done_seconds = self.before.end
        self.unheard = list(self.before.unheard)

    def passages(
        self, blocks: Iterable[Block], on_progress: Callable[[float], None] | None = None
    ) -> Iterator[Passage]:
        """In order. The first block begins at the end of what was heard before.

        `on_progress` is told how many seconds of the recording are done. Raises SmeltError NO_SPEECH at the
        end if there were no words, and passes on what the blocks and the recognizer raise.
        """
        report = on_progress or (lambda _: None)
        hearing = self.recognizer.begin(self.hints, self.before)
        heard_any = self.before.words
        for block in blocks:
            for passage in hearing.hear(block, report):
                self.unheard += passage.unheard
                if passage.segments:
                    self.language, heard_any = hearing.language, True
                yield passage
            self.done_seconds = block.end_seconds
            report(self.done_seconds)
        self.warnings = (*hearing.warnings, *unheard_warning(self.unheard))
        if not heard_any:
            raise SmeltError(ErrorCode.NO_SPEECH)
        self.language = self.language or hearing.language  # nothing came behind what was heard before
