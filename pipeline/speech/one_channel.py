"""One channel of several, heard by itself: without what of the others is to be heard in it.

The two sides of a telephone call, or the microphones of a talk, are never quite apart: what one says is faintly in the
other's channel too, and as quiet speech is raised before it is recognized (`pipeline/speech/levels.py`), it would be
written down twice. And programs write one voice into both channels. So a channel is silent where another is much
louder, and where it says the same as another that is louder or, where both are as loud, stands before it.
"""

import numpy as np

from pipeline.speech.cleaning import Cleaning
from pipeline.speech.samples import RATE, Floats, Samples, in_the_band_of_speech

_STEP = RATE // 20  # samples, 50 ms
_AROUND = 4  # steps before and after one, by which it is judged
_DROWNED = 30.0  # times the energy, 15 dB
_ALIKE = 0.81  # squared correlation
_LOUDER = 2.0  # times the energy, of what says the same
_TINY = 1e-9
_RISE = np.linspace(0.0, 1.0, _STEP, endpoint=False, dtype=np.float32)


class OneChannel:
    """As `Mixer`, of the channel with this number. Where there are fewer channels it is silent. Holds back 250 ms."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._cleaning = Cleaning()
        self._held: Floats | None = None  # from `_AROUND` steps before the next step to give
        self._gain = np.float32(1.0)  # at the end of what was given

    def feed(self, channels: Floats) -> Samples:
        """`channels` has a row for each. Gives what is settled by now: it may be empty."""
        channels = self._cleaning(channels)
        if self._number >= len(channels):
            return np.zeros(channels.shape[1], np.float32)
        if len(channels) == 1:
            only: Samples = channels[0]
            return only
        before = self._held if self._held is not None else _nothing(len(channels), _AROUND * _STEP)
        held = np.concatenate((before, channels), axis=1)
        steps = max(0, held.shape[1] // _STEP - 2 * _AROUND)
        self._held = held[:, steps * _STEP :]
        return self._given(held, steps)

    def flush(self) -> Samples:
        held, self._held = self._held, None
        if held is None:
            return np.zeros(0, np.float32)
        size = held.shape[1] - _AROUND * _STEP
        steps = -(-size // _STEP)
        behind = _nothing(len(held), (2 * _AROUND + steps) * _STEP - held.shape[1])
        return self._given(np.concatenate((held, behind), axis=1), steps)[:size]

    def _given(self, held: Floats, steps: int) -> Samples:
        """`steps` steps, those that stand behind the first `_AROUND`."""
        if not steps:
            return np.zeros(0, np.float32)
        blocks = held[:, : (steps + 2 * _AROUND) * _STEP].reshape(len(held), -1, _STEP)
        gains = np.where(_is_anothers(blocks, self._number), np.float32(0.0), np.float32(1.0))
        before = np.concatenate(([self._gain], gains[:-1]))
        self._gain = gains[-1]
        curve = before[:, None] + (gains - before)[:, None] * _RISE
        given: Samples = (blocks[self._number, _AROUND:-_AROUND] * curve).reshape(-1).astype(np.float32)
        return given


def _nothing(channels: int, samples: int) -> Floats:
    return np.zeros((channels, samples), np.float32)


def _is_anothers(blocks: Floats, number: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each step but the first and the last `_AROUND`, whether what the channel says there is another's."""
    lively = in_the_band_of_speech(blocks)
    energy = _around(np.einsum("ckt,ckt->ck", lively, lively)) + _TINY
    common = _around(np.einsum("kt,ckt->ck", lively[number], lively))
    own = energy[number]
    is_alike = common * common > _ALIKE * own * energy
    wins = np.where(np.arange(len(blocks))[:, None] < number, energy * _LOUDER >= own, energy > own * _LOUDER)
    anothers = (energy > own * _DROWNED) | (is_alike & wins)
    anothers[number] = False
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = anothers.any(axis=0)
    return found


def _around(values: Floats) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Sums over each step and its neighbours."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    width = 2 * _AROUND + 1
    around: np.ndarray[tuple[int, int], np.dtype[np.float64]] = sums[:, width:] - sums[:, :-width]
    return around
