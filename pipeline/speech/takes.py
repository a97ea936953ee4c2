"""A block that fits one window can be heard in two ways: the whole as it was recorded, or its speech alone, levelled,
as the windows of longer ones are.

As it was recorded is what the model was taught with: what is changed before may come out as other words. But where one
speaks much more quietly than another, levelling saves what is said there, and so comes first. Where the model isn't
sure of the words of one way the other one is tried too, as it climbs its ladder where they came out badly.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.speech.samples import Features, Samples
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Span
from pipeline.speech.words import TimedWord

# Mean probability of a token, 0.64, from which the other way isn't tried. Of the demo's synthetic sentences a fifth is
# below it, of real speech without noise none
_PROBABLE = -0.45
# By as much the other way must be more probable: a tenth, since between closer ones the less probable one has the right
# words as often; or a hundredth, where neither is preferred
_CLEARLY, _AT_ALL = 0.1, 0.01


@dataclass(eq=False)
class Way:
    """Of hearing a block: which samples, and in which windows, in seconds from the block's start. `in_context`: what
    follows in a window is heard behind the text before it.
    """

    samples: Samples
    windows: Sequence[Span]
    features_of: Callable[[Samples], Features]
    in_context: bool = False

    @cached_property
    def features(self) -> Features:
        """Made when they are asked for: most blocks are heard in one way."""
        return self.features_of(self.samples)


@dataclass(frozen=True, slots=True)
class Take:
    """What one way of hearing has come to."""

    streams: Sequence[Stream]
    words: Sequence[TimedWord]

    @property
    def is_probable(self) -> bool:
        """Whether no other way need be tried."""
        return bool(self.words) and self.log_probability >= _PROBABLE

    @property
    def log_probability(self) -> float:
        """How sure the model is: the mean of a token's."""
        decodings = [decoding for stream in self.streams for decoding in stream.decodings]
        tokens = sum(len(decoding.tokens) for decoding in decodings)
        return sum(len(each.tokens) * each.log_probability for each in decodings) / max(1, tokens)


def best_take(takes: Iterator[Take], *, prefer_first: bool = True) -> Take:
    """The first, unless another is clearly more probable, or alone has words.

    `takes`: at least one. None is asked for behind a first one that has words and is probable; if not `prefer_first`,
    all are, and the most probable is taken.
    """
    margin = _CLEARLY if prefer_first else _AT_ALL
    best = next(takes)
    for other in () if prefer_first and best.is_probable else takes:
        if other.words and (not best.words or other.log_probability > best.log_probability + margin):
            best = other
    return best
