"""A recording that fits one window can be heard in two ways: its speech alone, levelled, as the windows of longer ones
are, or the whole as it was recorded.

Levelling makes a quiet speaker as loud as the others, but changes what Whisper hears: where all is as quiet there is
nothing to gain by it. And silence that is cut off before speech, or noise, may help the model or hinder it. So one way
is tried, and where the model isn't sure of its words the other one too, as it climbs its ladder where they came out
badly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.speech.stream import Stream
from pipeline.speech.words import TimedWord

# Decibels by which what is quiet throughout is raised: from the first it's heard as recorded before it is levelled, up
# to the second, where Whisper's features run into their floor
_QUIET, _TOO_QUIET = 15.0, 40.0
# Mean log probability of a token from which the other way isn't tried: 0.70 where all was raised by as much, else 0.64.
# Of the demo's synthetic sentences a fifth is below the second, of real speech without noise none
_PROBABLE_RAISED, _PROBABLE = -0.35, -0.45


@dataclass(frozen=True, slots=True)
class Take:
    """What one way of hearing has come to."""

    streams: Sequence[Stream]
    words: Sequence[TimedWord]

    @property
    def log_probability(self) -> float:
        """How sure the model is: the mean of a token's."""
        decodings = [decoding for stream in self.streams for decoding in stream.decodings]
        tokens = sum(len(decoding.tokens) for decoding in decodings)
        return sum(len(each.tokens) * each.log_probability for each in decodings) / max(1, tokens)


def best_take(levelled: Callable[[], Take], as_recorded: Callable[[], Take], raised_by: float) -> Take:
    """The first that comes out probable, else the most probable; behind a probable one the other isn't tried.

    `raised_by`: decibels. The model may be sure that nothing is said in what was recorded: that takes no words from
    what was levelled.
    """
    is_quiet = raised_by >= _QUIET
    ways = [(levelled, _PROBABLE_RAISED if is_quiet else _PROBABLE), (as_recorded, _PROBABLE)]
    if is_quiet and raised_by < _TOO_QUIET:
        ways.reverse()
    takes: list[Take] = []
    for way, least in ways:
        take = way()
        if take.log_probability >= least and (take.words or way is levelled):
            return take
        takes.append(take)
    return max([take for take in takes if take.words] or takes, key=lambda take: take.log_probability)
