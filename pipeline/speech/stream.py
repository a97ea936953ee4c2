"""One window of speech on its way through the model: a position of its own, and a ladder of its own.

Each step hears what comes next and moves the position to where the last whole segment ended, as Whisper's own algorithm
does for a recording (Radford et al., 2022, section 4.5). Where the model says that nothing more is said in the window,
but there is speech, the stream goes on there: that is where others lose words.

    position ──step──▶ came out well ──▶ position moves on, or the stream has ended
        ▲                    │ badly (repetitive, improbable)
        └── next rung ◀──────┘
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.speech.encoded import Encoded
from pipeline.speech.samples import Features
from pipeline.speech.spans import LEAST_SECONDS
from pipeline.speech.transcript import Span
from pipeline.speech.words import TimedWord
from pipeline.states import SpeechTask

REPETITIVE, IMPROBABLE = 2.4, -1.0  # Whisper's own bounds, of compression and of mean log probability
NO_SPEECH = 0.6  # probability from which an improbable text is taken for none
LADDER: tuple[dict[str, float], ...] = (
    {},
    {"repetition_penalty": 1.1, "no_repeat_ngram_size": 4},
    {"repetition_penalty": 1.2, "no_repeat_ngram_size": 3},
)
"""How CTranslate2 decodes a piece, and decodes it again where that came out badly.

It is not Whisper's own ladder, which draws words at random, at rising temperatures: CTranslate2 seeds its generator
once per thread, so what is drawn would depend on all that was drawn before, for other recordings too. Here each rung
forbids a little more repetition instead.
"""
_LEAST_STEP = 0.2  # seconds; what is left at a window's end below that holds no word
_LEAD_SECONDS = 0.1  # of what is before speech, heard with it


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the model made of one piece: tokens, and how sure it is of them."""

    tokens: tuple[int, ...]
    log_probability: float  # mean of a token's
    compression: float  # how many times shorter the text becomes by zlib
    no_speech: float  # probability

    @property
    def doubtful(self) -> bool:
        """Whether it is to be decoded again. An improbable text where nobody seems to speak isn't: it is none."""
        return self.compression > REPETITIVE or (self.log_probability < IMPROBABLE and not self.silent)

    @property
    def silent(self) -> bool:
        return self.no_speech > NO_SPEECH and self.log_probability < IMPROBABLE


@dataclass(slots=True, eq=False)
class Stream:
    """`start`, `end`: the window, in seconds from the block's start. `speech`: what of it is speech.

    `number`: no other stream of the block has it. `features`: of the block. `encoded`: what the model has made of it at
    `position` already, if it has. `prompt_behind`: makes of its own tokens the prompt of what follows, if that is to
    see them. `decodings`: those that it went on with.
    """

    number: int
    start: float
    end: float
    speech: Sequence[Span]
    prompt: tuple[int, ...]
    language: str
    features: Features = field(repr=False)
    encoded: Encoded | None = field(default=None, repr=False)
    task: SpeechTask = SpeechTask.TRANSCRIBE
    prompt_behind: Callable[[Sequence[int]], tuple[int, ...]] | None = field(default=None, repr=False)
    position: float = field(init=False)
    rung: int = 0
    words: list[TimedWord] = field(default_factory=list)
    decodings: list[Decoding] = field(default_factory=list)
    _tries: list[Decoding] = field(default_factory=list)
    _came_out_well: bool = True
    _seen: list[int] = field(default_factory=list)  # tokens that `prompt_behind` was given

    def __post_init__(self) -> None:
        self.position = self.start

    @property
    def ended(self) -> bool:
        return self.left < _LEAST_STEP

    @property
    def left(self) -> float:
        """Seconds that are still to be heard."""
        return self.end - self.position

    def settle(self, decoding: Decoding) -> Decoding | None:
        """The decoding to go on with; None: the piece is decoded again, a rung higher.

        After the last rung the most probable one is taken, of those that don't repeat themselves if there are any.
        """
        self._tries.append(decoding)
        if decoding.doubtful and self.rung < len(LADDER) - 1:
            self.rung += 1
            return None
        tries, self._tries, self.rung = self._tries, [], 0
        self._came_out_well = len(tries) == 1
        if decoding.doubtful:
            sound = [each for each in tries if each.compression <= REPETITIVE]
            decoding = max(sound or tries, key=lambda each: each.log_probability)
        self.decodings.append(decoding)
        return decoding

    def advance(
        self,
        words: Sequence[TimedWord],
        *,
        complete: bool,
        stamped: float | None = None,
        tokens: Sequence[int] = (),
    ) -> None:
        """Moves on behind these words. `complete`: the model says that nothing more is said in the window.

        `stamped`: the end of the last segment by its stamp, which counts for a translation: its last word may stand for
        any word of what is said. `tokens`: of the words, stamps included; what came out badly isn't shown again.
        """
        self.words += words
        self.encoded = None
        self.position = self._next_position(words, complete=complete, stamped=stamped)
        self._seen = [*self._seen, *tokens] if self._came_out_well else []
        if self.prompt_behind is not None and not self.ended:
            self.prompt = self.prompt_behind(self._seen)

    def _next_position(self, words: Sequence[TimedWord], *, complete: bool, stamped: float | None) -> float:
        if not words:
            return self.end  # what was said there, if anything, is found as speech without words
        heard = words[-1].end
        if self.task is SpeechTask.TRANSLATE and stamped is not None:
            heard = max(heard, stamped)
        least = LEAST_SECONDS if complete else _LEAST_STEP
        rest = [max(start, heard) for start, end in self.speech if end - max(start, heard) >= least]
        if not rest:
            return self.end  # of what is heard in silence, the model makes words
        next_speech = rest[0] - _LEAD_SECONDS
        return max(next_speech if complete else min(heard, next_speech), self.position + _LEAST_STEP)
