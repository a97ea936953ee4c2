"""The format that a WAV says its samples have: one wrong field is put right, and what may be right stays."""

import contextlib
import io
import struct

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.audio import decode
from pipeline.speech.samples import RATE
from pipeline.speech.sniff import MediaType
from pipeline.speech.wave_format import decodable
from pipeline.states import ErrorCode
from tests.recordings import SPEECH_SECONDS
from tests.recordings.samples import wav
from tests.support.decoding import LONG, heard, level, seconds_of, speech

SAID = speech()
SAMPLES = wav(SAID)[44:]
FORMAT = wav(SAID)[20:36]
IN_32_BITS = (SAID * 2_147_483_000).astype("<i4").tobytes()
PCM_GUID = b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
EXTENSIBLE_32 = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * 4, 4, 32, 22, 24, 4) + PCM_GUID


def _wav(format_: bytes, data: bytes) -> bytes:
    chunks = (
        b"fmt " + struct.pack("<I", len(format_)) + format_ + b"data" + struct.pack("<I", len(data)) + data
    )
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _fields(form: str, at: int, value: int, format_: bytes = FORMAT) -> bytes:
    """A format, a field of which is wrong."""
    copy = bytearray(format_)
    struct.pack_into(form, copy, at, value)
    return bytes(copy)


def _extensible(channels: int, mask: int, guid: bytes = PCM_GUID) -> bytes:
    align = 2 * channels
    fields = (0xFFFE, channels, RATE, RATE * align, align, 16, 22, 16, mask)
    return struct.pack("<HHIIHHHHI", *fields) + guid


@pytest.mark.parametrize(
    ("format_", "data"),
    [
        pytest.param(_fields("<H", 0, 0), SAMPLES, id="tag of none"),
        pytest.param(_fields("<H", 0, 0xFFFE), SAMPLES, id="extensible without an extension"),
        pytest.param(_fields("<H", 0, 0xFFFE) + b"\0\0", SAMPLES, id="extensible with an empty one"),
        pytest.param(_extensible(1, 4, bytes(16)), SAMPLES, id="extensible of nothing"),
        pytest.param(_fields("<H", 2, 0), SAMPLES, id="no channels"),
        pytest.param(_fields("<H", 2, 257), SAMPLES, id="257 channels"),
        pytest.param(_fields("<I", 4, 0), SAMPLES, id="a rate of none"),
        *(
            pytest.param(_fields("<I", 4, RATE ^ 0xFF << shift), SAMPLES, id=f"byte {shift} of the rate")
            for shift in (8, 16, 24)
        ),
        pytest.param(_fields("<H", 14, 8), SAMPLES, id="8 bits in 16"),
        pytest.param(_fields("<H", 14, 17), SAMPLES, id="17 bits in 16"),
        pytest.param(_fields("<H", 14, 272), SAMPLES, id="272 bits"),
        pytest.param(struct.pack("<HHIIHH", 1, 1, RATE, RATE * 4, 4, 24), IN_32_BITS, id="24 bits in 32"),
        pytest.param(_fields("<H", 14, 24, EXTENSIBLE_32), IN_32_BITS, id="24 bits in 32, extensible"),
        *(
            pytest.param(
                _extensible(channels, (1 << channels) - 1),
                np.repeat(np.frombuffer(SAMPLES, "<i2"), channels).tobytes(),
                id=f"places of {channels} loudspeakers",
            )
            for channels in (28, 30, 32)
        ),
    ],
)
def test_one_wrong_field_of_a_format_is_put_right_by_the_others(format_: bytes, data: bytes) -> None:
    samples, warnings = heard(_wav(format_, data))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)
    assert warnings == ()


@pytest.mark.parametrize("speed", [0, 8 * 2 * RATE, 0xFFFF_FFFF])
@pytest.mark.parametrize("missing", [25_000, len(SAMPLES)])
def test_a_wrong_speed_hides_no_samples(speed: int, missing: int) -> None:
    short = wav(SAID, declared=lambda size: size - missing)
    samples, _ = heard(short[:20] + _fields("<I", 8, speed) + short[36:])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)


@pytest.mark.parametrize(
    "format_",
    [
        FORMAT,
        struct.pack("<HHIIHH", 1, 2, 11_127, 22_254 * 2, 4, 12),
        struct.pack("<HHIIHH", 3, 1, 1, 4, 4, 32),
        struct.pack("<HHIIHH", 0x55, 2, 44_100, 16_000, 1, 0),
        struct.pack("<HHIIHH", 2, 1, 8_000, 4_096, 256, 4),
    ],
    ids=["usual", "12 bits", "a rate of 1", "MP3", "ADPCM"],
)
def test_a_format_that_agrees_with_itself_or_counts_no_samples_stays(format_: bytes) -> None:
    assert decodable(format_) == format_


@pytest.mark.parametrize(("channels", "align"), [(2, 2), (1, 4)], ids=["one channel's", "two channels'"])
def test_a_frame_that_a_program_counts_wrongly_changes_no_channels(channels: int, align: int) -> None:
    format_ = struct.pack("<HHIIHH", 1, channels, RATE, RATE * align, align, 16)
    data = wav(np.stack([SAID] * channels))[44:]
    samples, _ = heard(_wav(format_, data))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)


def test_any_byte_of_a_header_gives_samples_or_a_code() -> None:
    whole = wav(SAID[:RATE])
    for at in range(44):
        for value in {0, 1, 0xFF, (whole[at] + 1) % 256, (whole[at] - 1) % 256}:
            hit = whole[:at] + bytes([value]) + whole[at + 1 :]
            for data in (hit, hit + whole, whole + hit, hit[: 36 + at % 9]):
                with contextlib.suppress(SmeltError):
                    list(decode(io.BytesIO(data), MediaType.WAV, LONG))


def test_places_of_loudspeakers_that_ffmpeg_has_no_filter_for_are_unsupported() -> None:
    """In Wave64, whose header is FFmpeg's own to read."""
    guid = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    format_ = _extensible(28, (1 << 28) - 1)
    chunks = b"wave" + guid + b"fmt " + guid + struct.pack("<Q", 24 + len(format_)) + format_
    chunks += b"data" + guid + struct.pack("<Q", 24 + 56 * RATE) + bytes(56 * RATE)
    riff = bytes.fromhex("726966662e91cf11a5d628db04c10000")
    with pytest.raises(SmeltError) as caught:
        heard(riff + struct.pack("<Q", 24 + len(chunks)) + chunks)
    assert caught.value.code is ErrorCode.UNSUPPORTED_CODEC
