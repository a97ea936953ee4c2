"""One channel of several: what is said on it is heard, and nothing of what is said on the others."""

import numpy as np
import pytest

from pipeline.speech.one_channel import OneChannel
from pipeline.speech.samples import RATE, Floats, Samples
from tests.support.decoding import level, speech

SAID = speech()
LATER = np.roll(SAID, 5 * RATE)
TIME = np.arange(len(SAID), dtype=np.float32) / RATE
EARLY = (TIME % 4 < 2).astype(np.float32)
SILENCE = np.zeros_like(SAID)
HEARD, SILENT = 0.9, 0.02  # shares of the level


def alone(channels: list[Samples], number: int, size: int = 8_000) -> Samples:
    channel, stacked = OneChannel(number), np.stack(channels)
    pieces = [channel.feed(stacked[:, at : at + size]) for at in range(0, stacked.shape[1], size)]
    return np.concatenate([*pieces, channel.flush()])


def noise(seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.0005, len(SAID)).astype(np.float32)


CASES = {  # channels, the one that is heard, the share of the speech's level that it keeps at least and at most
    "its own": ([SAID, LATER], 0, HEARD, 1.1),
    "its own, beside silence": ([SILENCE, SAID], 1, HEARD, 1.1),
    "quieter than the other, in turns": ([SAID * EARLY, 0.03 * SAID * (1 - EARLY)], 1, 0.0, 0.1),
    "the same as the one before": ([SAID, SAID], 1, 0.0, SILENT),
    "the same, first": ([SAID, SAID], 0, HEARD, 1.1),
    "the same by a lossy codec": ([SAID, SAID + noise(1)], 1, 0.0, SILENT),
    "the same the other way round": ([SAID, -0.8 * SAID], 1, 0.0, SILENT),
    "the same, but louder": ([0.3 * SAID, SAID], 1, HEARD, 1.1),
    "a faint copy of the other": ([SAID, 0.05 * SAID + noise(1)], 1, 0.0, SILENT),
    "a faint, late copy": ([SAID, 0.05 * np.roll(SAID, 400) + noise(1)], 1, 0.0, SILENT),
    "none": ([SAID, LATER], 2, 0.0, 0.0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_on_it_stays_and_what_is_anothers_goes(name: str) -> None:
    channels, number, least, most = CASES[name]
    samples = alone(channels, number)
    assert len(samples) == len(SAID)
    assert least <= level(samples) / level(SAID) <= most


def test_a_quiet_speaker_is_heard_between_the_words_of_a_loud_one() -> None:
    quiet = 0.03 * SAID * (1 - EARLY)
    samples = alone([SAID * EARLY, quiet], 1)
    middle = (TIME % 4 > 2.5) & (TIME % 4 < 3.5)
    assert level(samples[middle]) > HEARD * level(quiet[middle])


def test_one_channel_alone_is_given_as_it_is() -> None:
    assert np.array_equal(alone([SAID], 0), SAID)


@pytest.mark.parametrize("size", [1, 799, 801, 4_000, 1_000_000])
def test_how_the_pieces_are_cut_makes_no_difference(size: int) -> None:
    channels: Floats = np.stack([SAID[:20_001] * EARLY[:20_001] + noise(1)[:20_001], LATER[:20_001]])
    assert np.allclose(alone(list(channels), 0, size), alone(list(channels), 0), atol=1e-5)
    assert len(alone(list(channels), 0, size)) == 20_001
