"""What can be decoded is heard: wrong sizes, lost ends, joined files, junk before the sound, damage on the way."""

import io
import struct
import time
import tracemalloc

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech import mpeg
from pipeline.speech.audio import Decoder
from pipeline.speech.caveats import Caveats, clock
from pipeline.speech.parts import MOST_PARTS
from pipeline.speech.samples import RATE
from pipeline.speech.sniff import HEAD_BYTES, MediaType, classify
from pipeline.states import ErrorCode
from tests.recordings import MEETING, SPEECH_SECONDS, recording
from tests.recordings.samples import Sound, encoded, muxed, wav
from tests.support.decoding import LONG, heard, level, seconds_of, speech, type_of

SAID = speech()
CONTAINERS = (
    *("speech.wav", "speech.mp3", "speech.m4a", "speech.ogg", "vorbis.ogg", "speech.flac", "speech.webm"),
    *("speech.aac", "stereo.wav", "telephone.wav", "video.mp4"),
)
TELLS_ITS_LENGTH = ["speech.wav", "speech.mp3", "speech.m4a", "speech.flac", "speech.webm", "stereo.wav"]
OTHERS = {
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "aiff": ("aiff", "pcm_s16be", RATE),
    "caf": ("caf", "alac", RATE),
    "wma": ("asf", "wmav2", RATE),
    "au": ("au", "pcm_mulaw", 8_000),
    "ac3": ("ac3", "ac3", 32_000),
    "mp2": ("mp2", "mp2", RATE),
    "w64": ("w64", "pcm_s16le", RATE),
}
WHOLE = wav(SAID)
NOISE = np.random.default_rng(1).bytes(60_000)
NAMES = (*range(12, 16), *range(36, 40))  # bytes of a WAV that name its chunks


def _with(new: bytes, at: int = 12, gone: int = 0) -> bytes:
    """A WAV in which `new` is put at `at` instead of `gone` bytes; at 12 its format begins."""
    return WHOLE[:at] + new + WHOLE[at + gone :]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wav(SAID, declared=lambda size: size + 44), id="44 too many"),
        pytest.param(wav(SAID, declared=lambda size: size + 16), id="16 too many"),
        pytest.param(wav(SAID, declared=lambda size: size - 16), id="16 too few"),
        pytest.param(wav(SAID, declared=lambda size: size - 44), id="44 too few"),
        pytest.param(wav(SAID, declared=lambda size: size // 4), id="a quarter"),
        pytest.param(wav(SAID, declared=lambda _: 0), id="none"),
        pytest.param(wav(SAID, declared=lambda _: 0x7FFF_FFFF), id="signed maximum"),
        pytest.param(wav(SAID, declared=lambda _: 0xFFFF_FFFF), id="maximum"),
        pytest.param(wav(SAID, riff_size=0), id="RIFF of none"),
        pytest.param(wav(SAID, before=b"LIST\x03\x00\x00\x00abc"), id="an odd chunk without its padding"),
        pytest.param(wav(SAID, before=b"JUNK\xff\xff\xff\x7fabcd"), id="a chunk without end"),
        pytest.param(wav(SAID, before=b"JUNK\xa1\x86\x01\x00" + bytes(100_001)), id="a long odd chunk"),
        pytest.param(
            wav(SAID, before=b"LIST\x15\x00\x00\x00INFOthis is data to u"), id="an odd chunk that says data"
        ),
        pytest.param(
            wav(SAID, before=b"LIST\xff\xff\xff\x7fINFOthis was data to see"), id="one without end says data"
        ),
        pytest.param(_with(b"LIST\x07\0\0\0INFOabc"), id="an odd chunk before the format"),
        pytest.param(_with(b"JUNK\x18\0\0\0" + bytes(28)), id="a longer chunk before the format"),
        pytest.param(_with(b"JUNK\x20\0\0\0" + bytes(28)), id="a shorter chunk before the format"),
        pytest.param(_with(b"bext\x5c\x02\0\0" + bytes(602)), id="a shorter bext before the format"),
        *(pytest.param(_with(b"\xff", at, 1), id=f"a name damaged at {at}") for at in NAMES),
        pytest.param(_with(b"", 13, 1), id="a byte of a name lost"),
        pytest.param(wav(SAID, after=b"LIST\x04\x00\x00\x00abcd"), id="a chunk behind"),
        pytest.param(wav(SAID, after=b"TAG" + bytes(125)), id="a tag behind"),
        *(
            pytest.param(wav(SAID, after=name + NOISE), id=f"{name.decode('latin-1')} behind, cut off")
            for name in (
                b"LIST\xff\xff\xff\0INFO",
                b"id3 \xff\xff\xff\0",
                b"ID3\3\0\0\0\1\0\0",
                b"APETAGEX\0\x20\0\0",
            )
        ),
        pytest.param(
            wav(SAID, declared=lambda _: 0, after=b"LIST\x04\x00\x00\x00abcd"), id="none, a chunk behind"
        ),
        *(
            pytest.param(recording(name)[:-1], id=f"{name} without its last byte")
            for name in TELLS_ITS_LENGTH
        ),
    ],
)
def test_a_size_that_is_wrong_costs_nothing(data: bytes) -> None:
    samples, warnings = heard(data)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)
    assert not [text for text in warnings if "shorter" in text]


@pytest.mark.parametrize("kept", [0.5, 0.8])
@pytest.mark.parametrize("name", TELLS_ITS_LENGTH)
def test_a_recording_that_lost_its_end_is_heard_and_the_end_told(name: str, kept: float) -> None:
    data = recording(name)
    samples, warnings = heard(data[: int(len(data) * kept)])
    got = seconds_of(samples)
    assert got == pytest.approx(SPEECH_SECONDS * kept, abs=1.0)
    (told,) = [text for text in warnings if "shorter" in text]
    assert told.startswith("The recording is shorter than its header says; missing: 0:00:0")
    assert f"{clock(got)} to 0:00:10." in told


@pytest.mark.parametrize("share", [0.25, 0.9])
@pytest.mark.parametrize("video_seconds", [0.0, SPEECH_SECONDS])
def test_wma_behind_its_declared_end_is_heard(video_seconds: float, share: float) -> None:
    data = bytearray(muxed("asf", [Sound(SAID, "wmav2")], video_seconds=video_seconds))
    at = data.find(b"\x36\x26\xb2\x75\x8e\x66\xcf\x11") + 16
    (size,) = struct.unpack_from("<Q", data, at)
    struct.pack_into("<Q", data, at, int(share * size))
    samples, warnings = heard(bytes(data))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)
    assert warnings == ()


@pytest.mark.parametrize("name", ["aiff", "wma", "au", "w64"])
def test_so_do_the_rarer_types(name: str) -> None:
    data = encoded(OTHERS[name][0], OTHERS[name][1], SAID, OTHERS[name][2])
    samples, warnings = heard(data[: len(data) // 2])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS / 2, abs=0.5)
    assert [text for text in warnings if "shorter" in text]


def test_a_video_that_lost_its_end_is_told_by_its_size() -> None:
    data = muxed("matroska", [Sound(np.tile(SAID, 4))], video_seconds=38)
    samples, warnings = heard(data[: len(data) // 2])
    assert seconds_of(samples) == pytest.approx(2 * SPEECH_SECONDS, abs=1.0)
    assert warnings[0].startswith("The recording is shorter than its header says; missing: 0:00:1")
    assert heard(data)[1] == ()


LOW, HIGH = (encoded("mp3", "libmp3lame", SAID, bit_rate=rate) for rate in (16_000, 128_000))


@pytest.mark.parametrize(
    ("data", "times"),
    [
        (LOW + HIGH, 2),
        (HIGH + LOW, 2),
        (LOW + b"APETAGEX" + np.random.default_rng(1).bytes(200_000), 1),
        (muxed("asf", [Sound(SAID, "wmav2", start=3.0)]), 1),
    ],
    ids=["MP3 of other rates", "the other way round", "a large tag", "stamps from 3 seconds on"],
)
def test_nothing_is_told_to_be_missing_where_nothing_is(data: bytes, times: int) -> None:
    samples, warnings = heard(data)
    assert seconds_of(samples) == pytest.approx(times * SPEECH_SECONDS, abs=0.3)
    assert not [text for text in warnings if "shorter" in text]


def test_a_header_that_promises_nonsense_is_not_believed() -> None:
    mp3, flac = bytearray(recording("speech.mp3")), bytearray(recording("speech.flac"))
    at = max(mp3.find(b"Xing"), mp3.find(b"Info")) + 8
    mp3[at : at + 4] = b"\xff\xff\xff\xff"  # frames: 30,000 hours
    flac[21] |= 0x0F  # samples: 1,200 hours
    flac[22:26] = b"\xff\xff\xff\xff"
    for data in (mp3, flac):
        samples, warnings = heard(bytes(data))
        assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
        assert warnings == ()


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("name", CONTAINERS)
def test_joined_recordings_are_heard_one_after_another(name: str, times: int) -> None:
    samples, warnings = heard(recording(name) * times)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS * times, abs=0.2 * times)
    assert float(np.abs(samples).max()) <= 1.1  # a header is no noise
    assert not [text for text in warnings if "shorter" in text or "read" in text]


@pytest.mark.parametrize("name", OTHERS)
def test_joined_recordings_of_rarer_types_too(name: str) -> None:
    container, codec, rate = OTHERS[name]
    samples, _ = heard(encoded(container, codec, SAID, rate) * 2)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS * 2, abs=0.3)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)


@pytest.mark.parametrize(
    "data",
    [
        wav(SAID, declared=lambda _: 0xFFFF_FFFF) * 3,
        wav(SAID, declared=lambda _: 0) * 3,
        wav(SAID, declared=lambda size: size // 4) * 3,
        wav(SAID, declared=lambda size: size * 2) + wav(SAID) * 2,
        wav(SAID) + wav(SAID[::2], 8_000) + wav(np.stack([SAID, SAID])),
    ],
    ids=["streamed", "none", "too few", "too many", "other rates and channels"],
)
def test_joined_wavs_of_any_size_are_heard(data: bytes) -> None:
    samples, _ = heard(data)
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.3)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)


def _chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


SAMPLES = wav(SAID)[44:]
FORMAT = wav(SAID)[20:36]
BITS_ZERO = FORMAT[:14] + b"\0\0"
IN_32_BITS = (SAID * 2_147_483_000).astype("<i4").tobytes()
PCM_GUID = b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
VALID_24_OF_32 = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * 4, 4, 32, 22, 24, 4) + PCM_GUID


@pytest.mark.parametrize(
    "data",
    [
        _chunks((b"fmt ", FORMAT), (b"data", SAMPLES[:150_000]), (b"data", SAMPLES[150_000:])),
        _chunks(
            *((b"fmt ", FORMAT), (b"data", SAMPLES[:150_000])),
            *((b"LIST", b"INFOabcd"), (b"data", SAMPLES[150_000:])),
        ),
        _chunks((b"fmt ", FORMAT), (b"data", b""), (b"data", SAMPLES)),
        _chunks((b"fmt ", VALID_24_OF_32), (b"data", IN_32_BITS)),
        _chunks((b"fmt ", BITS_ZERO), (b"data", SAMPLES)),
        _chunks((b"fmt ", FORMAT[:14]), (b"data", SAMPLES)),
    ],
    ids=["two data chunks", "a LIST between", "an empty one", "24 bits of 32", "no bits", "bits left out"],
)
def test_every_data_chunk_is_heard_in_the_width_its_samples_have(data: bytes) -> None:
    samples, warnings = heard(data)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)
    assert warnings == ()


@pytest.mark.parametrize(
    "rest",
    [*(WHOLE[:end] for end in (36, 40, 41, 43)), b"data", b"data\1\1"],
    ids=["no samples", "no size", "a byte of a size", "three bytes of it", "a name", "half a chunk"],
)
def test_a_part_that_cannot_be_read_is_told(rest: bytes) -> None:
    samples, warnings = heard(wav(SAID) + rest)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert warnings == ("The recording could not be read on from 0:00:09.",)


def test_a_thousand_joined_recordings_are_heard_and_no_more() -> None:
    data = wav(SAID[:160]) * (MOST_PARTS + 500)
    samples, warnings = heard(data)
    assert len(samples) == pytest.approx(160 * MOST_PARTS, rel=0.01)
    assert warnings == ("Of the recordings joined in the file, only the first 1,000 were heard.",)


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(
    "junk",
    [
        bytes(5_000),
        bytes(60_000),
        b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10),
        b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(999),
    ],
    ids=["zeros", "many zeros", "a tag", "a tag that is longer than it says"],
)
def test_a_recording_may_begin_late(name: str, junk: bytes) -> None:
    samples, _ = heard(junk + recording(name))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)


@pytest.mark.parametrize(
    "name", ["speech.wav", "speech.m4a", "speech.ogg", "speech.flac", "speech.webm", "telephone.wav"]
)
@pytest.mark.parametrize(
    "junk",
    [
        b"\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n",
        b"junk" * 9_000,
    ],
)
def test_containers_are_looked_for_behind_junk(name: str, junk: bytes) -> None:
    samples, _ = heard(junk + recording(name))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)


@pytest.mark.parametrize("name", ["amr", "aiff", "caf", "wma", "au", "w64"])
@pytest.mark.parametrize("junk", [b"\n", b"HTTP/1.1 200 OK\r\nContent-Type: audio/basic\r\n\r\n"])
def test_so_are_the_rarer_ones(name: str, junk: bytes) -> None:
    container, codec, rate = OTHERS[name]
    samples, _ = heard(junk + encoded(container, codec, SAID, rate))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)


OGGS = {
    "opus": recording("speech.ogg"),
    "vorbis": recording("vorbis.ogg"),
    "flac": encoded("ogg", "flac", SAID),
}


@pytest.mark.parametrize("first", OGGS)
@pytest.mark.parametrize("second", OGGS)
def test_joined_oggs_of_any_codecs_are_heard(first: str, second: str) -> None:
    samples, warnings = heard(OGGS[first] + OGGS[second])
    assert seconds_of(samples) == pytest.approx(2 * SPEECH_SECONDS, abs=0.2)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)
    assert warnings == ()


@pytest.mark.parametrize("cut", [1, 99, 3_333, 20_001])
@pytest.mark.parametrize("name", ["speech.mp3", "speech.aac"])
def test_a_recording_that_begins_within_a_frame_is_heard(name: str, cut: int) -> None:
    data = recording(name)
    samples, _ = heard(data[cut:])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS * (1 - cut / len(data)), abs=0.6)


@pytest.mark.parametrize("name", ["speech.mp3", "speech.aac"])
@pytest.mark.parametrize(
    "junk",
    [
        b"\xff\x00\xff" * 9_000,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(99),
        b"ID3\x04\x00\x00\x00\x01\x1c\x20" + bytes(90),  # that says 20,000 bytes
    ],
)
def test_sync_is_looked_for_behind_any_junk(name: str, junk: bytes) -> None:
    samples, _ = heard(junk + recording(name))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.3)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfb\x90\x00" * 25_000,
        b"\xff" * 98_000,
        b"\xff\xf1\x50\x80\x02\x1f\xfc" * 14_000,
        b"\x0b\x77" * 49_000,
    ],
)
def test_the_search_for_sync_takes_no_time(data: bytes) -> None:
    begun = time.process_time()
    assert classify(data[:HEAD_BYTES], None, None).media_type is None
    assert time.process_time() - begun < 1.0


def test_damage_is_skipped_and_told_with_its_times() -> None:
    data = bytearray(MEETING.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = np.random.default_rng(1).bytes(third)
    decoder = Decoder(io.BytesIO(data), MediaType.MP4, LONG)
    samples = np.concatenate(list(decoder.samples()))
    assert seconds_of(samples) == pytest.approx(25.8, abs=1.0)  # what came after is where it was
    assert decoder.skipped > 10
    assert decoder.warnings[0].startswith("Damaged parts of the recording were skipped: 0:00:0")


def test_lost_packets_keep_their_place_in_a_stream_without_stamps() -> None:
    data = bytearray(recording("speech.aac"))
    frames, at = [], 0
    while (frame := mpeg.adts_frame(bytes(data), at)) is not None:
        frames.append((at + 7, at + frame.length))
        at += frame.length
    for begin, end in frames[60:110]:
        data[begin:end] = b"\xff" * (end - begin)
    samples, warnings = heard(bytes(data))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.6)
    assert [text for text in warnings if "Damaged" in text]


def test_what_gives_no_sound_fails() -> None:
    for data, code in (
        *((wav(SAID)[:end], ErrorCode.CORRUPTED_FILE) for end in (36, 40, 43)),
        (_with(bytes(4), 25), ErrorCode.UNSUPPORTED_CODEC),
        (wav(SAID, 100_000_001) * 5, ErrorCode.UNSUPPORTED_CODEC),
        (wav(SAID[:0]), ErrorCode.EMPTY_INPUT),
        (recording("truncated.m4a"), ErrorCode.CORRUPTED_FILE),
        (recording("video_only.mp4"), ErrorCode.NO_AUDIO),
    ):
        with pytest.raises(SmeltError) as caught:
            heard(data)
        assert caught.value.code is code


def test_warnings_are_few_however_much_is_wrong() -> None:
    caveats = Caveats()
    for number in range(10_000):
        caveats.damaged(number * 10.0, number * 10.0 + 1)
        caveats.jump(number * 10.0)
    assert all(len(text) < 500 for text in caveats.texts)
    assert "and 9990 more" in caveats.texts[0]


def test_memory_is_flat_over_joined_recordings() -> None:
    """Streamed WAVs, whose headers are looked for in the samples."""
    part = wav(np.tile(SAID, 30), declared=lambda _: 0xFFFF_FFFF)
    file = io.BytesIO(part * 4)
    decoder = Decoder(file, type_of(part), 3 * LONG)
    tracemalloc.start()
    total = sum(map(len, decoder.samples()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total / RATE == pytest.approx(120 * len(SAID) / RATE, abs=1)
    assert peak < 16_000_000


def _box(kind: bytes, size: int) -> bytes:
    return struct.pack(">I", size) + kind


@pytest.mark.parametrize(
    "data",
    [
        _box(b"ftyp", 8) * 100_000,
        (_box(b"ftyp", 8) + _box(b"moov", 8) + _box(b"mdat", 8)) * 30_000,
        (_box(b"mdat", 8) + _box(b"\1\1\1\1", 8)) * 10_000 + bytes(1_000_000),
        (_box(b"mdat", 8) + _box(b"\1\1\1\1", 8) + _box(b"moov", 8) + _box(b"ftyp", 8)) * 10_000
        + bytes(1_000_000),
        b"\x1a\x45\xdf\xa3\x80" * 50_000,
        b"RIFF\xff\xff\xff\xffWAVEfmt \x00\x00\x00\x00" * 20_000,
        b"FORM\x00\x00\x00\x00AIFF" * 20_000,
    ],
)
def test_headers_without_end_take_bounded_time(data: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(SmeltError):
        heard(data)
    assert time.process_time() - begun < 20


def test_a_pause_of_hours_by_a_wrong_stamp_makes_no_hours_of_silence() -> None:
    late = muxed("matroska", [Sound(SAID, start=36_000)], video_seconds=2)
    samples, warnings = heard(late)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)
    assert [text for text in warnings if "time stamps" in text]


def test_sound_that_begins_past_the_limit_is_too_long() -> None:
    with pytest.raises(SmeltError) as caught:
        heard(muxed("mp4", [Sound(SAID, start=36_000)], video_seconds=2))
    assert caught.value.code is ErrorCode.DURATION_EXCEEDED
