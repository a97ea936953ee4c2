"""Many channels to one, without losing who speaks.

Their mean would: opposite phases cancel, and one microphone among many is buried under the others' noise. So
each channel counts in proportion to its energy in the band of speech, from moment to moment, as in a gain-sharing
automatic mixer (Dugan 1975); one that runs against the strongest is turned round. The weights' magnitudes sum to one,
so nothing clips, and channels that are alike give their mean.
"""

import numpy as np

from pipeline.speech.cleaning import Cleaning
from pipeline.speech.samples import RATE, Floats, Samples, in_the_band_of_speech

_STEP = RATE // 20  # samples between two settings of the weights, 50 ms
_OPPOSITE = -0.5  # correlation below which a channel is turned round
_TINY = 1e-12
_RISE = np.linspace(0.0, 1.0, _STEP, endpoint=False, dtype=np.float32)


class Mixer:
    """One recording's channels, whose number doesn't change. Holds back less than 100 ms."""

    def __init__(self) -> None:
        self._waiting: Floats | None = None
        self._weights: Floats | None = None  # where what waits begins
        self._energy: Floats | None = None  # of the step before
        self._cleaning = Cleaning()

    def feed(self, channels: Floats) -> Samples:
        """`channels` has a row for each. Gives what is settled by now: it may be empty."""
        channels = self._cleaning(channels)
        if len(channels) == 1:
            only: Samples = channels[0]
            return only
        if self._waiting is not None:
            channels = np.concatenate((self._waiting, channels), axis=1)
        steps = max(0, channels.shape[1] // _STEP - 1)  # the last needs the next to know where its weights go
        self._waiting = channels[:, steps * _STEP :]
        return self._mixed(channels, steps)

    def flush(self) -> Samples:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return np.zeros(0, np.float32)
        size = waiting.shape[1]
        steps = -(-size // _STEP)
        return self._mixed(np.pad(waiting, ((0, 0), (0, (steps + 1) * _STEP - size))), steps)[:size]

    def _mixed(self, channels: Floats, steps: int) -> Samples:
        """The first `steps` steps; one more must be there."""
        if not steps:
            return np.zeros(0, np.float32)
        blocks = channels[:, : (steps + 1) * _STEP].reshape(len(channels), steps + 1, _STEP)
        lively = in_the_band_of_speech(blocks)
        energy = np.einsum("ckt,ckt->ck", lively, lively) + np.float32(_TINY)
        weights = _steady(_shared(energy, self._energy) * _signs(lively, energy), self._weights)
        self._weights, self._energy = weights[:, -1:], energy[:, -2:-1]
        mixed = np.zeros((steps, _STEP), np.float32)
        for block, weight in zip(blocks, weights, strict=True):
            mixed += block[:-1] * (weight[:-1, None] + (weight[1:] - weight[:-1])[:, None] * _RISE)
        return mixed.reshape(-1)


def _shared(energy: Floats, before: Floats | None) -> Floats:
    """Weights at each step's start: each channel's share of the energy around it."""
    around = energy.copy()
    around[:, 1:] += energy[:, :-1]
    if before is not None:
        around[:, :1] += before
    shares: Floats = around / around.sum(axis=0)
    return shares


def _steady(weights: Floats, before: Floats | None) -> Floats:
    """Turned round, all of a step's, where they would turn against the step before: who is strongest changes."""
    if before is not None:
        weights[:, :1] = before
    agreement = np.einsum("ck,ck->k", weights[:, :-1], weights[:, 1:])
    turns = np.cumprod(np.where(agreement < 0, np.float32(-1.0), np.float32(1.0)))
    weights[:, 1:] *= turns
    return weights


def _signs(lively: Floats, energy: Floats) -> Floats:
    """-1 for a channel that runs against the one that is strongest in that step."""
    strongest = energy.argmax(axis=0)
    leading = lively[strongest, np.arange(len(strongest))]
    against = np.einsum("ckt,kt->ck", lively, leading)
    return np.where(
        against < _OPPOSITE * np.sqrt(energy * energy.max(axis=0)), np.float32(-1.0), np.float32(1.0)
    )
