"""Many channels to one, without losing who speaks.

Their mean would: opposite phases cancel, and one microphone among many is buried under the others' noise. So
each channel counts in proportion to its energy in the band of speech, from moment to moment, as in a gain-sharing
automatic mixer (Dugan 1975); one that runs against the strongest is turned round. The weights' magnitudes sum to one,
so nothing clips, and channels that are alike give their mean.
"""

import numpy as np

from pipeline.speech.samples import RATE, Floats, Samples, in_the_band_of_speech

_STEP = RATE // 20  # samples between two settings of the weights, 50 ms
_OPPOSITE = -0.5  # correlation below which a channel is turned round
_LOUDEST = 65_536.0  # times full scale; a square of it is still a number
_WILD = 4.0  # times full scale: a lone sample above it is damage
_WILD_SHARE = 0.01  # of the samples; where there are more, it is loud
_INTEGERS = 100.0  # times full scale, by the root of the mean square: the scale is that of 16-bit integers
_TINY = 1e-12
_RISE = np.linspace(0.0, 1.0, _STEP, endpoint=False, dtype=np.float32)


class Mixer:
    """One recording's channels, whose number doesn't change. Holds back less than 100 ms."""

    def __init__(self) -> None:
        self._waiting: Floats | None = None
        self._weights: Floats | None = None  # where what waits begins
        self._energy: Floats | None = None  # of the step before
        self._scale = np.float32(1.0)

    def feed(self, channels: Floats) -> Samples:
        """`channels` has a row for each. Gives what is settled by now: it may be empty."""
        channels = self._cleaned(channels)
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

    def _cleaned(self, channels: Floats) -> Floats:
        """Without what is no number or no sound: one such sample would silence all that follows in a model."""
        if self._scale == 1.0 and (
            not channels.size or float(np.abs(channels).max()) <= _WILD
        ):  # not so for NaN
            return channels
        usable = np.clip(np.nan_to_num(channels, nan=0.0, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)
        wild = np.abs(usable) > _WILD
        if wild.mean() < _WILD_SHARE and self._scale == 1.0:
            return np.where(wild, np.float32(0.0), usable)
        if float(np.sqrt(np.mean(usable * usable))) > _INTEGERS:
            self._scale = np.float32(1 / 32_768)
        return usable * self._scale

    def _mixed(self, channels: Floats, steps: int) -> Samples:
        """The first `steps` steps; one more must be there."""
        if not steps:
            return np.zeros(0, np.float32)
        blocks = channels[:, : (steps + 1) * _STEP].reshape(len(channels), steps + 1, _STEP)
        lively = in_the_band_of_speech(blocks)
        energy = np.einsum("ckt,ckt->ck", lively, lively) + np.float32(_TINY)
        weights = _shared(energy, self._energy) * _signs(lively, energy)
        if self._weights is not None:
            weights[:, :1] = self._weights
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


def _signs(lively: Floats, energy: Floats) -> Floats:
    """-1 for a channel that runs against the one that is strongest in that step."""
    strongest = energy.argmax(axis=0)
    leading = lively[strongest, np.arange(len(strongest))]
    against = np.einsum("ckt,kt->ck", lively, leading)
    return np.where(
        against < _OPPOSITE * np.sqrt(energy * energy.max(axis=0)), np.float32(-1.0), np.float32(1.0)
    )
