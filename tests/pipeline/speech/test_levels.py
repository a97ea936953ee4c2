"""Quiet speech is heard by the voice detector, and noise is heard no more than before. Decibels are of full scale."""

import numpy as np
import numpy.typing as npt
import pytest

# The package ships no types
from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]

from pipeline.speech.levels import Raised, levelled, raised_by
from pipeline.speech.samples import RATE, Samples
from tests.support.decoding import speech

SAID = speech()
PAUSE = np.zeros(RATE // 2, np.float32)
OPTIONS = VadOptions(max_speech_duration_s=30.0, min_silence_duration_ms=160, speech_pad_ms=400)

SECONDS = np.arange(12 * RATE) / RATE
RANDOM = np.random.default_rng(15)
HISS = RANDOM.normal(0, 1, len(SECONDS))
RUMBLE = np.fft.irfft(np.fft.rfft(HISS) / np.maximum(np.arange(len(HISS) // 2 + 1), 240), len(HISS))
HUM = np.sum([np.sin(2 * np.pi * 50 * harmonic * SECONDS) / harmonic for harmonic in (1, 2, 3, 5, 7)], axis=0)
APPLAUSE = np.zeros(len(SECONDS))
for clap in np.exp(-np.arange(800) / 100) * RANDOM.normal(0, 1, (700, 800)):
    begin = RANDOM.integers(4 * RATE, 8 * RATE)
    APPLAUSE[begin : begin + len(clap)] += clap
STEADY = {
    "white noise": HISS,
    "rumble": RUMBLE,
    "mains hum": HUM,
    "a tone": np.sin(2 * np.pi * 440 * SECONDS),
}
BURSTS = {
    "noise that sets in": HISS * (SECONDS > 5),
    "noise in gusts": HISS * np.sin(2 * np.pi * SECONDS / 4) ** 2,
    "a telephone that rings": np.sin(2 * np.pi * 425 * SECONDS) * (SECONDS % 5 < 1),
    "applause": APPLAUSE,
}


def at(decibels: float, samples: npt.NDArray[np.floating]) -> Samples:
    """Attenuated, as a file of 16 bits has it."""
    quieter = np.round(samples * 10 ** (decibels / 20) * 32_767) / 32_768
    return quieter.astype(np.float32)


def scaled(decibels: float, noise: npt.NDArray[np.floating]) -> Samples:
    """With that root of the mean square."""
    return at(decibels, np.clip(noise / np.sqrt(np.mean(np.square(noise))), -3, 3))


def heard(samples: Samples, start: float = 0.0, end: float = np.inf) -> float:
    """Seconds of speech between `start` and `end` that the voice detector finds."""
    found = get_speech_timestamps(samples, OPTIONS)
    inside = (max(0.0, min(one["end"] / RATE, end) - max(one["start"] / RATE, start)) for one in found)
    return float(sum(inside))


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples))))


@pytest.mark.parametrize("quieter", [-55, -60])
def test_speech_is_heard_however_quiet(quieter: float) -> None:
    assert heard(levelled(at(quieter, SAID))) > 0.97 * heard(SAID)


@pytest.mark.parametrize("quieter", [-40, -50])
@pytest.mark.parametrize("after", [SAID[:0], SAID], ids=["after", "between"])
def test_a_quiet_speaker_beside_a_loud_one_is_heard(quieter: float, after: Samples) -> None:
    parts = [SAID, PAUSE, at(quieter, SAID), PAUSE, after]
    start = (len(SAID) + len(PAUSE)) / RATE
    span = start, start + len(SAID) / RATE
    assert heard(levelled(np.concatenate(parts)), *span) > 0.97 * heard(SAID)


def test_a_quiet_speaker_is_raised_to_the_level_of_a_loud_one() -> None:
    both = levelled(np.concatenate([SAID, PAUSE, at(-40, SAID)]))
    loud, quiet = both[2 * RATE : 8 * RATE], both[-8 * RATE : -2 * RATE]
    assert abs(decibels(loud) - decibels(quiet)) < 10


@pytest.mark.parametrize("size", [0, 1, 9, 1_599, 1_600, 1_601, len(SAID)])
def test_no_sample_is_lost_lowered_or_clipped(size: int) -> None:
    samples = at(-20, SAID)[:size]
    samples[-1:] = 1.0
    raised = levelled(samples)
    assert raised.dtype == np.float32
    assert raised.shape == samples.shape
    assert np.all(np.abs(raised) >= np.abs(samples) * 0.9999)
    assert not size or np.abs(raised).max() <= 1.0


def test_silence_stays_silence() -> None:
    assert not levelled(np.zeros(10 * RATE, np.float32)).any()


@pytest.mark.parametrize("level", [-90, -70, -50, -30])
@pytest.mark.parametrize("kind", STEADY)
def test_steady_noise_is_not_raised(kind: str, level: float) -> None:
    noise = scaled(level, STEADY[kind])
    raised = levelled(noise)
    assert decibels(raised) - decibels(noise) < 1
    assert heard(raised) == heard(noise) == 0


@pytest.mark.parametrize("level", [-80, -60, -40])
@pytest.mark.parametrize("kind", BURSTS)
def test_noise_that_swings_is_no_speech(kind: str, level: float) -> None:
    noise = scaled(level, BURSTS[kind])
    assert heard(levelled(noise)) == heard(noise) == 0


def test_by_how_much_what_is_spoken_was_raised(subtests: pytest.Subtests) -> None:
    beside = {db: np.concatenate([SAID, PAUSE, at(-db, SAID)]) for db in (0, 6, 30)}
    for name, samples, unevenly, from_the_floor in (
        ("one beside one as loud", beside[0], False, False),
        ("hardly quieter", beside[6], False, False),
        ("much quieter", beside[30], True, False),
        ("both quiet", at(-30, beside[0]), False, False),
        ("both quiet, one more so", at(-30, beside[30]), True, True),
        ("very quiet", at(-55, SAID), False, True),
        ("nobody", PAUSE, False, False),
    ):
        with subtests.test(name):
            raised = raised_by(samples, levelled(samples), [(0.0, len(samples) / RATE)])
            assert (raised.unevenly, raised.from_the_floor) == (unevenly, from_the_floor)


def test_it_is_of_what_is_spoken_alone() -> None:
    samples = np.concatenate([SAID, at(-30, SAID)])
    raised = raised_by(samples, levelled(samples), [(0.0, len(SAID) / RATE - 3)])
    assert (raised.least, raised.most) == pytest.approx((0, 0), abs=3)
    assert raised_by(samples, levelled(samples), []) == Raised()
