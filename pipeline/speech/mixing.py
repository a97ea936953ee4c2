"""Many channels to one, without losing who speaks.

Their mean would: opposite phases cancel, and one microphone among many is buried under the others' noise. So
each channel counts in proportion to its energy in the band of speech, from moment to moment, as in a gain-sharing
automatic mixer (Dugan 1975), but for what of it is steady noise: its floor is the least energy of the last seconds
(minimum statistics, Martin 2001). One that runs against the channel that speaks is turned round. The weights'
magnitudes sum to one, so nothing clips, and channels that are alike give their mean.
"""

from itertools import accumulate

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.speech.cleaning import Cleaning
from pipeline.speech.samples import RATE, Floats, Samples, in_the_band_of_speech

_STEP = RATE // 20  # samples between two settings of the weights, 50 ms
_MEAN = 4  # steps whose mean energy is smooth enough for its minimum to be near the noise's mean
_FLOOR = 60  # of those means, of which the least is the noise: any 3 s of speech have a pause
_NOISE = np.float32(2.0)  # times the floor: the noise's energy hardly exceeds it
_REST = np.float32(0.01)  # of its energy, by which a channel counts where it has nothing but noise
_OPPOSITE = -0.4  # correlation below which a channel is turned round; microphones apart can be below 0
_FORGETTING = np.float32(0.95)  # per step: the correlation is that of about a second
_RELEASE = np.float32(0.5)  # per step: who speaks keeps the weight between two words
_TINY = 1e-12
_RISE = np.linspace(0.0, 1.0, _STEP, endpoint=False, dtype=np.float32)


class Mixer:
    """One recording's channels, whose number doesn't change. Holds back less than 100 ms."""

    def __init__(self) -> None:
        self._waiting: Floats | None = None
        self._weights: Floats | None = None  # where what waits begins
        self._held: Floats | None = None  # what spoke in the steps before
        self._speaking = _Speaking()
        self._directions = _Directions()
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
        speaking = self._speaking(lively)
        held = _leaky(speaking.T, self._held, _RELEASE).T
        weights = _steady(held / held.sum(axis=0) * self._directions(lively, speaking, held), self._weights)
        self._weights, self._held = weights[:, -1:], held[:, -2]
        mixed = np.zeros((steps, _STEP), np.float32)
        for block, weight in zip(blocks, weights, strict=True):
            mixed += block[:-1] * (weight[:-1, None] + (weight[1:] - weight[:-1])[:, None] * _RISE)
        return mixed.reshape(-1)


class _Speaking:
    """Each channel's energy without its noise, for each step. A call's last step is the next one's first."""

    def __init__(self) -> None:
        self._before: Floats | None = None  # energy of the steps that the floor needs

    def __call__(self, lively: Floats) -> Floats:
        energy = np.einsum("ckt,ckt->ck", lively, lively) + np.float32(_TINY)
        if self._before is None:  # no floor is known, and all counts by its energy
            self._before = np.full((len(energy), _MEAN + _FLOOR - 2), np.inf, np.float32)
        known = np.concatenate((self._before, energy), axis=1)
        self._before = known[:, energy.shape[1] - 1 : -1]
        means = sliding_window_view(known, _MEAN, axis=1).mean(axis=-1)
        floor = sliding_window_view(means, _FLOOR, axis=1).min(axis=-1)
        speaking: Floats = np.maximum(energy - _NOISE * floor, _REST * energy)
        return speaking


class _Directions:
    """-1 for a channel that runs against the one that speaks. Steps count by how much of them is no noise."""

    def __init__(self) -> None:
        self._covariance: Floats | None = None

    def __call__(self, lively: Floats, speaking: Floats, held: Floats) -> Floats:
        steps = np.ascontiguousarray(lively.swapaxes(0, 1))
        products = steps @ steps.swapaxes(1, 2)
        clear = speaking.sum(axis=0) / (np.einsum("kcc->k", products) + np.float32(_TINY))
        covariance = _leaky(products * clear[:, None, None], self._covariance, _FORGETTING)
        self._covariance = covariance[-2]
        deviation = np.sqrt(np.einsum("kcc->kc", covariance))
        each, leading = np.arange(len(steps)), held.argmax(axis=0)
        against = covariance[each, leading] < _OPPOSITE * deviation * deviation[each, leading, None]
        return np.where(against, np.float32(-1.0), np.float32(1.0)).T


def _leaky(values: Floats, before: Floats | None, keeping: np.float32) -> Floats:
    """Sums along the first axis, of which each step keeps a share."""
    sums = accumulate(values, lambda so_far, value: keeping * so_far + value, initial=before)
    return np.stack(list(sums)[0 if before is None else 1 :])


def _steady(weights: Floats, before: Floats | None) -> Floats:
    """Turned round, all of a step's, where they would turn against the step before: who is strongest changes."""
    if before is not None:
        weights[:, :1] = before
    agreement = np.einsum("ck,ck->k", weights[:, :-1], weights[:, 1:])
    turns = np.cumprod(np.where(agreement < 0, np.float32(-1.0), np.float32(1.0)))
    weights[:, 1:] *= turns
    return weights
