"""Samples of two bytes that are out of step behind a byte too few or too many, and sounds that only look like it."""

import re

import numpy as np
import pytest
from av.audio.frame import AudioFrame

from pipeline.speech.samples import RATE
from pipeline.speech.slips import Slips
from tests.recordings import SPEECH_SECONDS
from tests.recordings.samples import Floats, Sound, encoded, muxed, wav
from tests.support.decoding import heard, seconds_of, speech

SAID = speech()
MOST_OFF = 600
QUIET = (SAID * 0.01).astype(np.float32)
MADE = {
    "wav": wav(SAID),
    "aiff": encoded("aiff", "pcm_s16be", SAID),
    "caf": encoded("caf", "pcm_s16le", SAID),
    "w64": encoded("w64", "pcm_s16le", SAID),
    "au": encoded("au", "pcm_s16be", SAID),
    "stereo": wav(np.stack([SAID, SAID])),
}


def likeness(one: Floats, other: Floats) -> float:
    """1 where they are the same but for their level, and a few hundred samples more or less."""
    size = len(other) - 2 * MOST_OFF
    middle = other[MOST_OFF : MOST_OFF + size]
    return max(float(np.corrcoef(one[at : at + size], middle)[0, 1]) for at in range(2 * MOST_OFF))


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(("gone", "new"), [(1, 0), (0, 1), (3, 0), (1_001, 0), (0, 77)])
def test_what_is_behind_a_slip_is_heard_and_the_slip_told(name: str, gone: int, new: int) -> None:
    data = MADE[name]
    at = len(data) // 2
    samples, warnings = heard(data[:at] + bytes(new) + data[at + gone :])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert likeness(samples[-3 * RATE :], SAID[-3 * RATE :]) > 0.95
    assert re.fullmatch(
        r"Damaged parts of the recording were skipped: 0:00:0[45] to 0:00:0[45]\.", warnings[0]
    )


def test_quiet_speech_is_put_in_step_too() -> None:
    data = wav(QUIET)
    at = len(data) // 2
    samples, warnings = heard(data[:at] + data[at + 1 :])
    assert float(np.abs(samples[-3 * RATE :]).max()) < 0.02
    assert len(warnings) == 1


def test_each_slip_is_mended() -> None:
    data = MADE["wav"]
    third = len(data) // 3
    samples, warnings = heard(data[:third] + data[third + 1 : 2 * third] + data[2 * third + 1 :])
    assert likeness(samples[-2 * RATE :], SAID[-2 * RATE :]) > 0.95
    assert re.fullmatch(r"Damaged [a-z ]+: 0:00:03 to 0:00:0[34], 0:00:06 to 0:00:0[67]\.", warnings[0])


def test_other_codecs_have_no_steps() -> None:
    assert heard(muxed("wav", [Sound(SAID, "pcm_mulaw")]))[1] == ()


MOMENTS = np.arange(RATE)
LOTS = np.random.default_rng(1)
SOUNDS = {
    "noise": LOTS.normal(0, 9_000, RATE),
    "full noise": LOTS.uniform(-32_768, 32_767, RATE),
    "faint noise": LOTS.integers(-128, 127, RATE),
    "single bytes": LOTS.integers(-128, 127, RATE) * 256,
    "high tone": 30_000 * np.sin(2 * np.pi * 7_900 * MOMENTS / RATE),
    "high tone of single bytes": np.round(100 * np.sin(2 * np.pi * 7_000 * MOMENTS / RATE)) * 256,
    "square": 20_000 * np.sign(np.sin(2 * np.pi * 7_000 * MOMENTS / RATE)),
    "bits": LOTS.choice([-20_000, 20_000], RATE),
    "offset": 20_000 + LOTS.normal(0, 300, RATE),
    "clipped speech": np.clip(SAID[:RATE] * 3_000_000, -32_768, 32_767),
}


def test_a_loud_channel_among_quiet_ones_is_no_slip() -> None:
    rumble = np.sin(2 * np.pi * 40 * np.arange(len(SAID)) / RATE).astype(np.float32) * 0.9
    for at in range(6):
        channels = np.zeros((6, len(SAID)), np.float32)
        channels[2], channels[at] = SAID * 0.01, rumble
        assert heard(wav(channels))[1] == ()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", SOUNDS)
def test_loud_sounds_are_left_as_they_are(name: str, channels: int) -> None:
    def told() -> None:
        raise AssertionError

    slips = Slips("pcm_s16le", told)
    samples = np.clip(SOUNDS[name], -32_768, 32_767).astype(np.int16).reshape(1, -1)
    for at in range(0, RATE, 2_000):
        piece = np.ascontiguousarray(samples[:, at : at + 2_000])
        frame = AudioFrame.from_ndarray(piece, "s16", {1: "mono", 2: "stereo"}[channels])
        frame.sample_rate = RATE
        assert slips.mended(frame) is frame
