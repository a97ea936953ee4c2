"""Many channels to one: who speaks is heard, whatever the others do."""

import time

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.mixing import Mixer
from pipeline.speech.samples import RATE, Floats, Samples
from pipeline.states import ErrorCode
from tests.pipeline.speech.test_completeness import PASSAGE, PASSAGE_SAID, text
from tests.pipeline.speech.test_completeness import heard as recognized
from tests.recordings import word_error_rate
from tests.recordings.samples import wav
from tests.support.decoding import heard, level, speech

SAID = speech()
TIME = np.arange(len(SAID), dtype=np.float32) / RATE
SILENCE = np.zeros_like(SAID)
RUMBLE = (0.9 * np.sin(2 * np.pi * 40 * TIME)).astype(np.float32)
EARLY = (TIME % 2 < 1).astype(np.float32)
LOUDNESS = level(SAID)
CHORD = np.sum([np.sin(2 * np.pi * pitch * TIME + pitch) for pitch in (220, 330, 660, 1_320, 2_640)], axis=0)
CHORD = (LOUDNESS / level(CHORD) * CHORD).astype(np.float32)


def noise(seed: int, loudness: float = 0.003, size: int = len(SAID)) -> Samples:
    return np.random.default_rng(seed).normal(0, loudness, size).astype(np.float32)


def mixed(channels: Floats, size: int = 8_000) -> Samples:
    mixer = Mixer()
    pieces = [mixer.feed(channels[:, at : at + size]) for at in range(0, channels.shape[1], size)]
    return np.concatenate([*pieces, mixer.flush()])


def in_the_band_of_speech(samples: Samples) -> Samples:
    """In pauses an offset or rumble is all there is."""
    return samples[8:] - 2 * samples[4:-4] + samples[:-8]


CASES = {
    "alike": [SAID, SAID],
    "opposite phases": [SAID, -SAID],
    "opposite, quieter": [SAID, -0.6 * SAID],
    "one of two": [SAID, SILENCE],
    "one of eight": [SILENCE] * 7 + [SAID],
    "one of eight, all with noise": [noise(seed) for seed in range(7)] + [SAID + noise(7)],
    "one of twelve": [SILENCE] * 11 + [SAID],
    "one of sixty-four": [SILENCE] * 63 + [SAID],
    "in the LFE of 5.1": [SILENCE, SILENCE, SILENCE, SAID, SILENCE, SILENCE],
    "in the centre of 5.1, beside rumble": [SILENCE, SILENCE, SAID, RUMBLE, SILENCE, SILENCE],
    "beside an offset": [SAID, np.full_like(SAID, 0.8)],
    "two who take turns": [SAID * EARLY, SAID * (1 - EARLY)],
}


@pytest.mark.parametrize("name", CASES)
def test_speech_is_neither_lost_nor_buried(name: str) -> None:
    samples, warnings = heard(wav(np.stack(CASES[name])))
    assert warnings == ()
    assert len(samples) == pytest.approx(len(SAID), abs=2)
    samples, said = samples[: len(SAID)], SAID[: len(samples)]
    assert level(samples) > 0.65 * level(SAID)
    assert float(np.corrcoef(in_the_band_of_speech(samples), in_the_band_of_speech(said))[0, 1]) > 0.95
    assert float(np.abs(samples).max()) <= 1.0


def test_opposite_phases_under_noise_keep_one_direction_while_somebody_speaks() -> None:
    """Which of the two is stronger changes all the time; the sum must not turn round with it, through silence."""
    samples, said = mixed(np.stack([SAID + noise(1), noise(2) - SAID])), SAID
    pieces, wanted = (
        in_the_band_of_speech(np.pad(one, 4)).reshape(-1, 800) for one in (samples[:152_000], said[:152_000])
    )
    alike = np.abs(np.einsum("ij,ij->i", pieces, wanted)).sum()
    assert alike > 0.98 * np.sqrt(np.square(pieces).sum(axis=1) * np.square(wanted).sum(axis=1)).sum()


NOISY = {  # and how like the speech it must be; in pauses the noise is all there is
    "beside noise, -6 dB": ([SAID, noise(5, LOUDNESS / 2)], 0.95),
    "beside noise, 0 dB": ([SAID, noise(5, LOUDNESS)], 0.8),
    "beside a chord, 0 dB": ([SAID, CHORD], 0.8),
    "opposite, each in noise, -10 dB": ([SAID + noise(1, LOUDNESS / 3), noise(2, LOUDNESS / 3) - SAID], 0.92),
    "opposite, each in noise, -5 dB": (
        [SAID + noise(1, LOUDNESS / 1.8), noise(2, LOUDNESS / 1.8) - SAID],
        0.82,
    ),
    "opposite, beside noise": ([SAID, -SAID, noise(3, LOUDNESS)], 0.8),
}


@pytest.mark.parametrize("name", NOISY)
def test_noise_takes_no_weight_from_speech(name: str) -> None:
    """The mix may be the other way round: nobody hears that."""
    channels, alike = NOISY[name]
    found, said = (in_the_band_of_speech(one) for one in (mixed(np.stack(channels)), SAID))
    assert abs(float(found @ said)) > 0.95 * float(said @ said)
    assert abs(float(np.corrcoef(found, said)[0, 1])) > alike


@pytest.mark.parametrize("other", [0.0, -1.0])
def test_the_words_are_heard_beside_noise(tiny: WhisperRecognizer, other: float) -> None:
    """Of speech on one channel, or on both in opposite phases."""
    loudness = level(PASSAGE) / (2 + abs(other))
    one, two = noise(1, loudness, len(PASSAGE)) * abs(other), noise(2, loudness, len(PASSAGE))
    segments, _ = recognized(tiny, mixed(np.stack([PASSAGE + one, other * PASSAGE + two])))
    assert word_error_rate(PASSAGE_SAID, text(segments)) <= 0.2


def test_channels_that_are_alike_are_left_as_they_are() -> None:
    assert np.array_equal(mixed(np.stack([SAID, SAID])), SAID)
    assert np.array_equal(mixed(SAID[None]), SAID)
    assert not mixed(np.stack([SILENCE, SILENCE, SILENCE])).any()


def test_no_click_where_the_weights_change() -> None:
    """They show in what differs all the time, here by an offset; they go from 1 to -1 in 50 ms at the fastest."""
    channels = np.stack([SAID * EARLY + 0.2, noise(1) + SAID * (1 - EARLY) - 0.2])
    swing = np.abs(np.diff(channels, axis=1)).max(axis=0)
    turns = np.abs(np.diff(mixed(channels)))
    assert (turns <= swing + 2 / 800 * np.abs(channels).max(axis=0)[1:]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38, -1e20])
def test_a_channel_that_is_no_sound_costs_only_itself(value: float) -> None:
    for channels in ([SAID, np.full_like(SAID, value)], [np.full_like(SAID, value), SAID]):
        samples, _ = heard(wav(np.stack(channels), floats=True))
        assert level(samples) == pytest.approx(level(SAID), rel=0.05)


@pytest.mark.parametrize("loudness", [30.0, 1e4, 1e9])
def test_a_burst_of_a_damaged_decoder_does_not_silence_what_follows(loudness: float) -> None:
    said = SAID.copy()
    said[RATE : 2 * RATE] = noise(1, loudness)[:RATE]
    samples, _ = heard(wav(said, floats=True))
    assert float(np.abs(samples).max()) <= 1.0
    assert level(samples[3 * RATE :]) == pytest.approx(level(SAID[3 * RATE :]), rel=0.01)


@pytest.mark.parametrize("size", [1, 799, 800, 801, 1_601, 8_000, 1_000_000])
def test_how_the_pieces_are_cut_makes_no_difference(size: int) -> None:
    channels = np.stack([SAID[:20_001] + noise(1)[:20_001], noise(2)[:20_001]])
    assert np.allclose(mixed(channels, size), mixed(channels), atol=1e-5)
    assert len(mixed(channels, size)) == 20_001


@pytest.mark.parametrize("size", [799, 8_000, 50_000])
def test_what_is_known_of_seconds_before_goes_on_from_piece_to_piece(size: int) -> None:
    channels = np.stack([SAID + noise(1, LOUDNESS / 3), noise(2, LOUDNESS / 3) - SAID])
    assert np.allclose(mixed(channels, size), mixed(channels, channels.shape[1]), atol=1e-5)


def test_nothing_clips_that_did_not_before() -> None:
    channels = np.random.default_rng(3).uniform(-1, 1, (6, 3 * RATE)).astype(np.float32)
    assert float(np.abs(mixed(channels)).max()) <= 1.0


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 1e38, -70.0])
def test_a_sample_that_is_no_sound_costs_only_itself(value: float, channels: int) -> None:
    said = np.stack([SAID] * channels)
    said[0, [0, 50_000, 50_001, len(SAID) - 1]] = value
    begun = time.process_time()
    samples, _ = heard(wav(said, floats=True))
    assert time.process_time() - begun < 5
    assert np.isfinite(samples).all()
    assert float(np.abs(samples - SAID[: len(samples)]).max()) <= 0.8
    assert level(samples) == pytest.approx(level(SAID), rel=0.01)


def test_loud_floats_stay_as_they_are() -> None:
    samples, _ = heard(wav(SAID * 8, floats=True))
    assert float(np.corrcoef(samples, SAID[: len(samples)])[0, 1]) > 0.999


def test_floats_on_the_scale_of_integers_are_scaled_down() -> None:
    samples, _ = heard(wav(SAID * 32_768, floats=True))
    assert level(samples[RATE:]) == pytest.approx(level(SAID[RATE:]), rel=0.1)


def test_mixing_takes_little_time_and_no_memory_that_grows() -> None:
    begun = time.process_time()
    mixer = Mixer()
    piece = np.random.default_rng(4).normal(0, 0.1, (2, 8_000)).astype(np.float32)
    for _ in range(1_200):  # ten minutes
        assert len(mixer.feed(piece)) <= 8_800
    assert len(mixer.flush()) < 1_700
    assert time.process_time() - begun < 6


def test_a_rate_at_which_nobody_speaks_is_refused_before_it_becomes_gigabytes() -> None:
    """10 kB at 1 Hz took 3.7 GB."""
    with pytest.raises(SmeltError) as caught:
        heard(wav(SAID[:5_000], 1))
    assert caught.value.code is ErrorCode.UNSUPPORTED_CODEC
