"""Cutting a long recording into blocks that are recognized one after another.

Features of a whole hour take gigabytes, and nothing could be reported before they are done. A cut in the middle of
a word would cost that word, so each block ends at the quietest place near its longest length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.speech.samples import RATE, Samples

BLOCK_SECONDS = 300.0
FIRST_BLOCK_SECONDS = 60.0  # of a recording that has several: somebody may be waiting for its first words
SEARCH_SECONDS = 30.0

_FRAME = RATE // 50  # 20 ms
_PAUSE_FRAMES = 15  # a cut wants 300 ms of quiet around it; a shorter dip is a stop consonant


@dataclass(frozen=True, slots=True)
class Block:
    start_seconds: float  # from the recording's start
    samples: Samples

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + self.seconds


def cut(
    pieces: Iterable[Samples],
    block_seconds: float = BLOCK_SECONDS,
    search_seconds: float = SEARCH_SECONDS,
    start_seconds: float = 0.0,
) -> Iterator[Block]:
    """Blocks of at most `block_seconds`, each ending within its last `search_seconds` but for the recording's end; the
    first, if others follow, of at most FIRST_BLOCK_SECONDS.

    The blocks put together are the pieces put together, from `start_seconds` on. Holds at most one block and one piece
    at a time.
    """
    longest = max(1, int(block_seconds * RATE))
    first = min(longest, int(FIRST_BLOCK_SECONDS * RATE))
    search = min(int(search_seconds * RATE), first - 1)
    given = round(start_seconds * RATE)
    pieces = _without_first(pieces, given)
    held, waiting = 0, list[Samples]()
    for piece in pieces:
        waiting.append(piece)
        held += len(piece)
        if held <= longest:
            continue
        rest = np.concatenate(waiting)
        waiting.clear()  # before the block is given: it may be a while until the next is asked for
        while len(rest) > longest:
            end = longest if given else first
            size = end - search + quietest(rest[end - search : end])
            block, rest = Block(given / RATE, rest[:size].copy()), rest[size:].copy()
            given += size
            yield block
        waiting, held = [rest], len(rest)
    if held:
        yield Block(given / RATE, np.concatenate(waiting))


def _without_first(pieces: Iterable[Samples], count: int) -> Iterator[Samples]:
    for piece in pieces:
        if len(piece) > count:
            yield piece[count:]
        count = max(0, count - len(piece))


def quietest(samples: Samples) -> int:
    """The index in the middle of the quietest 300 ms; of equals the last.

    Energy is averaged over frames of 20 ms. Samples too short to compare are cut at their end.
    """
    frames = len(samples) // _FRAME
    if frames < _PAUSE_FRAMES:
        return len(samples)
    framed = samples[: frames * _FRAME].reshape(frames, _FRAME)
    energy = np.einsum("ij,ij->i", framed, framed)
    sums = np.convolve(energy, np.ones(_PAUSE_FRAMES), mode="valid")
    last_quietest = len(sums) - 1 - int(np.argmin(sums[::-1]))
    return (last_quietest * _FRAME) + _PAUSE_FRAMES * _FRAME // 2
