"""Training windows put together from spoken phrases, and what the model should say about them."""

# torch is needed to make the model, never to run the service, so it is no dependency and may be missing
# mypy: disable-error-code="import-not-found,misc"

import random
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from faster_whisper.feature_extractor import FeatureExtractor  # type: ignore[import-untyped]
from torch import Tensor

from pipeline.speech.samples import RATE
from tests.speech_model.training.bank import Spoken
from tests.speech_model.training.tokenizer import FIRST_STAMP, STEPS_A_SECOND, WORD_IDS

Wave = npt.NDArray[np.float32]

_MELS = torch.from_numpy(FeatureExtractor().mel_filters)
_HANN = torch.hann_window(400)
_NOISES, _NOISE_SECONDS = 40, 24
_SHORTEST = RATE // 4


@dataclass(slots=True)
class Said:
    """One phrase in a window; times in seconds of the window."""

    words: list[str]
    starts: list[float]
    ends: list[float]


@dataclass(slots=True)
class Window:
    samples: Wave  # of the full length; zeros after `filled`
    filled: int
    said: list[Said] = field(default_factory=list)
    cut: Said | None = None  # the phrase that the window's end cuts off: only the words that are whole

    @property
    def silent(self) -> bool:
        return not self.said and self.cut is None


@dataclass(slots=True)
class Target:
    ids: list[int]  # after the start tokens, without the end token
    spans: list[tuple[float, float] | None]  # when each is said; None for stamps
    words: list[str]


def mel_power(samples: Tensor) -> Tensor:
    """(batch, samples) to (batch, 80, frames), as faster-whisper computes it."""
    spectrum = torch.stft(
        samples, 400, 160, window=_HANN, center=True, pad_mode="reflect", return_complex=True
    )
    return _MELS @ spectrum[..., :-1].abs().pow(2)


def log_mel(power: Tensor, raised: Tensor | None = None) -> Tensor:
    """`raised`: by how many powers of ten a louder sound elsewhere in the recording lifts the floor."""
    logs = power.clamp(min=1e-10).log10()
    loudest = logs.amax((1, 2), keepdim=True)
    if raised is not None:
        loudest = loudest + raised
    return (torch.maximum(logs, loudest - 8) + 4) / 4


def noises(rng: np.random.Generator) -> list[Wave]:
    """Coloured noise of unit power, some of it with mains hum."""
    made = []
    for _ in range(_NOISES):
        spectrum = np.fft.rfft(rng.standard_normal(_NOISE_SECONDS * RATE))
        hertz = np.arange(len(spectrum)) / len(spectrum) * RATE / 2 + 40
        spectrum *= (hertz / 1_000) ** rng.uniform(-1.2, 0.3)
        if rng.random() < 0.3:
            spectrum[rng.choice([50, 60]) * _NOISE_SECONDS] += 300 * np.abs(spectrum).mean()
        wave = np.fft.irfft(spectrum).astype(np.float32)
        made.append(wave / wave.std())
    return made


class WindowMaker:
    def __init__(self, bank: list[Spoken], seed: int) -> None:
        self.bank = bank
        self.rng = random.Random(seed)  # noqa: S311 - training data, not secrets
        self._noises = noises(np.random.default_rng(seed))

    def window(self, seconds: float, *, augment: bool = True) -> Window:
        rng, size = self.rng, int(seconds * RATE)
        window = Window(np.zeros(size, np.float32), size)
        if rng.random() < 0.03:
            window.filled = int(rng.uniform(0.5, seconds) * RATE)
            window.samples[: window.filled] = self._noises[0][: window.filled] * 10 ** rng.uniform(-4.5, -1.5)
            return window
        at = self._lead_in(window, seconds)
        self._fill(window, at, seconds)
        self._end(window)
        if augment:
            self._augment(window)
        return window

    def any_phrase(self) -> Spoken:
        return self.rng.choice(self.bank)

    def _lead_in(self, window: Window, seconds: float) -> int:
        rng = self.rng
        late = rng.uniform(0.3, 3.0) if seconds >= 6 else 0.2
        at = int(rng.choice([rng.uniform(0, 0.12), rng.uniform(0, 0.5), rng.uniform(0, 1.2), late]) * RATE)
        if at > RATE // 5 and rng.random() < 0.4:
            # The tail of a word on which the window before this one ended
            tail = self.any_phrase().samples[-rng.randrange(300, 2_400) :].astype(np.float32)
            window.samples[: len(tail)] = tail
        return at

    def _fill(self, window: Window, at: int, seconds: float) -> None:
        rng, size = self.rng, len(window.samples)
        goal = rng.uniform(0.5, seconds * 1.15) * RATE
        if not self._fits_somewhere(at, size):
            at = 0
        while at < min(goal, size - _SHORTEST):
            spoken = self._phrase_for(window, at)
            sound = spoken.samples.astype(np.float32) * 10 ** rng.uniform(-0.25, 0.1)
            fits = min(len(sound), size - at)
            if fits < len(sound) and rng.random() < 0.5 and seconds < 10:
                break
            window.samples[at : at + fits] += sound[:fits]
            said = _shifted(spoken, at / RATE)
            if fits < len(sound):
                window.cut = _whole_words(said, seconds - 0.03)
                return
            window.said.append(said)
            pause = rng.choice([rng.uniform(0.15, 0.5), rng.uniform(0.3, 1.0), rng.uniform(0.3, 2.0)])
            at += fits + int(pause * RATE)

    def _fits_somewhere(self, at: int, size: int) -> bool:
        return any(at + len(self.any_phrase().samples) <= size for _ in range(20))

    def _phrase_for(self, window: Window, at: int) -> Spoken:
        """The first phrase of a window should be whole: one of the shorter ones if need be."""
        spoken = self.any_phrase()
        if window.said or at + len(spoken.samples) <= len(window.samples):
            return spoken
        return min((self.any_phrase() for _ in range(30)), key=lambda one: len(one.samples))

    def _end(self, window: Window) -> None:
        rng, size = self.rng, len(window.samples)
        if window.cut is None:
            end = int(window.said[-1].ends[-1] * RATE) if window.said else 0
            silence = rng.choice([0, rng.uniform(0, 0.5), rng.uniform(0, 1.5), 99])
            window.filled = max(_SHORTEST, min(size, end + int(silence * RATE)))
        window.samples[window.filled :] = 0

    def _augment(self, window: Window) -> None:
        rng, size = self.rng, window.filled
        window.samples *= 10 ** rng.uniform(-0.9, 0.1)
        if rng.random() < 0.45:
            noise = rng.choice(self._noises)
            start = rng.randrange(len(noise) - size)
            power = float(np.sqrt((window.samples[:size] ** 2).mean())) + 1e-6
            decibels = rng.choice([rng.uniform(12, 30), rng.uniform(20, 60)])
            window.samples[:size] += noise[start : start + size] * power * 10 ** (-decibels / 20)
        np.clip(window.samples, -1, 1, out=window.samples)


def target(window: Window, seconds: float, *, stamps: bool) -> Target:
    """What is said in the window, with or without time stamps in steps of 0.1 s."""
    made = Target([], [], [])

    def stamp(time: float) -> None:
        step = max(0, 5 * round(time * 10))
        made.ids.append(FIRST_STAMP + min(int(seconds * STEPS_A_SECOND), step))
        made.spans.append(None)

    def words(said: Said) -> None:
        for word, start, end in zip(said.words, said.starts, said.ends, strict=False):
            made.ids.append(WORD_IDS[word])
            made.spans.append((start, end))

    for number, said in enumerate(window.said):
        if stamps:
            stamp(
                said.starts[0] if number else min(said.starts[0], 1.0)
            )  # CTranslate2 allows no later first one
        words(said)
        made.words += said.words
        if stamps:
            stamp(said.ends[-1])
    if window.cut is not None:
        made.words += window.cut.words
        if stamps:
            stamp(window.cut.starts[0] if window.said else min(window.cut.starts[0], 1.0))
        if not (stamps and window.said):  # with a stamp, the rest is heard again in the next window
            words(window.cut)
    return made


def _shifted(spoken: Spoken, by: float) -> Said:
    return Said(spoken.words, [by + time for time in spoken.starts], [by + time for time in spoken.ends])


def _whole_words(said: Said, before: float) -> Said:
    whole = sum(end < before for end in said.ends)
    return Said(said.words[:whole], said.starts[: max(whole, 1)], said.ends[:whole])
