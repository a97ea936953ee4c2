"""Types and codecs beside the usual ones: taken, or refused with a reason."""

import pytest

from pipeline.errors import SmeltError
from pipeline.speech.samples import RATE
from pipeline.states import ErrorCode
from tests.recordings import SPEECH_SECONDS
from tests.recordings.samples import encoded, muxed
from tests.support.decoding import heard, level, seconds_of, speech

SAID = speech()
TAKEN = [
    ("amr", "libopencore_amrnb", 8_000),
    ("aiff", "pcm_s16be", RATE),
    ("aiff", "pcm_s24be", 48_000),
    ("aiff", "pcm_mulaw", 8_000),
    ("aiff", "adpcm_ima_qt", RATE),
    ("caf", "pcm_s16be", RATE),
    ("caf", "alac", RATE),
    ("caf", "adpcm_ima_qt", RATE),
    ("asf", "wmav1", RATE),
    ("asf", "wmav2", 44_100),
    ("au", "pcm_s16be", RATE),
    ("au", "pcm_mulaw", 8_000),
    ("au", "pcm_alaw", 8_000),
    ("ac3", "ac3", 32_000),
    ("ac3", "ac3", 44_100),
    ("eac3", "eac3", 48_000),
    ("mp2", "mp2", RATE),
    ("mp2", "mp2", 44_100),
    ("w64", "pcm_s16le", RATE),
    ("3gp", "libopencore_amrnb", 8_000),
]


@pytest.mark.parametrize(("container", "codec", "rate"), TAKEN)
def test_a_rarer_format_decodes_to_the_same_sound(container: str, codec: str, rate: int) -> None:
    samples, warnings = heard(encoded(container, codec, SAID, rate))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.15)
    assert level(samples) == pytest.approx(level(SAID), rel=0.2)
    assert warnings == ()


def test_wide_band_amr_is_taken() -> None:
    samples, _ = heard(b"#!AMR-WB\n" + b"\x7c" * 500)  # frames without speech
    assert seconds_of(samples) == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encoded("wav", "g726", SAID, 8_000), ErrorCode.UNSUPPORTED_CODEC),
        (encoded("wav", "adpcm_yamaha", SAID), ErrorCode.UNSUPPORTED_CODEC),
        (encoded("matroska", "wavpack", SAID), ErrorCode.UNSUPPORTED_CODEC),
        (muxed("mp4", [], video_seconds=2), ErrorCode.NO_AUDIO),
        (muxed("matroska", [], video_seconds=2), ErrorCode.NO_AUDIO),
    ],
    ids=["G.726", "Yamaha ADPCM", "WavPack", "mp4 without sound", "mkv without sound"],
)
def test_a_refusal_tells_its_reason(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(SmeltError) as caught:
        heard(data)
    assert caught.value.code is code


@pytest.mark.parametrize(("container", "codec", "rate"), TAKEN)
def test_a_flipped_byte_or_a_cut_gives_samples_or_a_code(container: str, codec: str, rate: int) -> None:
    whole, taken = encoded(container, codec, SAID, rate), 0
    for seed in range(8):
        data = bytearray(whole)
        for place in range(40 + seed, len(data), len(data) // (3 + seed)):
            data[place] ^= 1 << seed
        try:
            samples, _ = heard(bytes(data[: len(data) - seed * len(data) // 10]))
        except SmeltError:
            continue
        taken += 1
        assert seconds_of(samples) < 200  # a rate may have been hit
    assert (taken > 0) == (container != "w64")  # of which each flip hits a name of 16 bytes


def test_sound_of_a_wave64_that_is_cut_short_is_heard() -> None:
    data = encoded("w64", "pcm_s16le", SAID)
    samples, warnings = heard(data[: len(data) * 2 // 3])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS * 2 / 3, abs=0.1)
    assert "missing: 0:00:06 to 0:00:1" in warnings[0]
