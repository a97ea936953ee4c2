"""Samples without what is no number or no sound: one such sample would silence all that follows in a model.

Some programs write floats on the scale of integers. That is told by how loud pieces are, and from several in a row
where it was otherwise before: a decoder that was given damage makes noise on any scale, and what follows is speech.
"""

import numpy as np

from pipeline.speech.samples import Floats

_LOUDEST = 65_536.0  # times full scale; on no scale is anything louder
_WILD = 4.0  # times full scale: a sample above it is damage, where the others aren't as loud
_WILD_SHARE = 0.01  # of the samples; where there are more, it is loud
_LOUD = 0.5  # by the root of the mean square of the others; where they are, it is loud too
_INTEGERS = 100.0  # times full scale, by the root of the mean square: the scale is that of 16-bit integers
_AUDIBLE = 0.003  # by the root of the mean square: so quiet a piece tells nothing of the scale
_CONTRARY = 4  # pieces in a row that show another scale
_SCALE = np.float32(1 / 32_768)


class Cleaning:
    """Of one recording's samples, piece by piece."""

    def __init__(self) -> None:
        self._in_integers: bool | None = None  # unknown while nothing was heard
        self._contrary = 0

    def __call__(self, samples: Floats) -> Floats:
        """As many samples. Those of a usual piece are given back as they are."""
        peak = float(np.abs(samples).max()) if samples.size else 0.0
        if not self._in_integers and peak <= _WILD:  # not so for NaN
            self._note(in_integers=False, seen=peak > _AUDIBLE)
            return samples
        usable = np.where(np.abs(samples) <= _LOUDEST, samples, np.float32(0.0))  # not so for NaN
        tame = np.where(np.abs(usable) <= _WILD, usable, np.float32(0.0))
        if not self._in_integers and np.mean(tame != usable) < _WILD_SHARE and _level(tame) < _LOUD:
            return tame
        loudness = _level(usable)
        in_integers = loudness > _INTEGERS
        self._note(in_integers=in_integers, seen=in_integers or _AUDIBLE < loudness < 1.0)
        if self._in_integers:
            return usable * _SCALE
        return np.clip(tame, -1.0, 1.0) if loudness > _WILD else usable

    def _note(self, *, in_integers: bool, seen: bool) -> None:
        if self._in_integers is None and seen:
            self._in_integers = in_integers
        elif seen:
            self._contrary = self._contrary + 1 if in_integers is not self._in_integers else 0
            if self._contrary == _CONTRARY:
                self._in_integers, self._contrary = in_integers, 0


def _level(samples: Floats) -> float:
    return float(np.sqrt(np.mean(samples * samples)))
