"""Sizes and counts that are wrong, and ends that are cut, in the containers beside WAV: what is there is heard."""

import re
import struct

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech import mpeg
from pipeline.speech.caveats import clock
from pipeline.speech.cut_index import completion
from pipeline.speech.samples import RATE, Samples
from pipeline.states import ErrorCode
from tests.recordings import SPEECH_SECONDS, recording
from tests.recordings.samples import Sound, encoded, muxed
from tests.support.decoding import heard, level, seconds_of, speech

SAID = speech()
AIFF = encoded("aiff", "pcm_s16be", SAID)
CAF = encoded("caf", "pcm_s16be", SAID)
PACKED = encoded("caf", "alac", SAID)
W64 = encoded("w64", "pcm_s16le", SAID)
AAC = {kind: encoded(kind, "aac", SAID) for kind in ("mp4", "mov", "3gp", "3g2", "ipod")}
NOISE = np.random.default_rng(1).bytes(60_000)
PCM = encoded("mov", "pcm_s16le", SAID)
FLAGS = {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000"}
FRAGMENTS = muxed("mp4", [Sound(SAID)], options=FLAGS)
FAST = muxed("mp4", [Sound(SAID)], options={"moov_size": "20000"})
WEBM = encoded("webm", "libopus", SAID, 48_000)
LIVE = muxed("webm", [Sound(SAID, "libopus")], rate=48_000, options={"live": "1"})
LAST = ("fragments", "webm", "live webm")


def put(data: bytes, at: int, form: str, value: float) -> bytes:
    copy = bytearray(data)
    struct.pack_into(form, copy, at, value)
    return bytes(copy)


def get(data: bytes, at: int, form: str) -> int:
    (value,) = struct.unpack_from(form, data, at)
    assert isinstance(value, int)
    return value


def with_size(data: bytes, name: bytes, form: str, width: int, change: str) -> bytes:
    """The size behind `name`, that is wrong."""
    at = data.find(name) + width
    size, most = get(data, at, form), (1 << 8 * struct.calcsize(form)) - 1
    sizes = {"none": 0, "a quarter": size // 4, "16 less": size - 16, "44 more": size + 44, "the most": most}
    return put(data, at, form, sizes[change])


@pytest.mark.parametrize("change", ["none", "a quarter", "16 less", "44 more", "the most"])
@pytest.mark.parametrize(
    ("data", "name", "form", "width"),
    [
        pytest.param(AIFF, b"SSND", ">I", 4, id="aiff"),
        pytest.param(AIFF, b"FORM", ">I", 4, id="aiff as a whole"),
        pytest.param(AIFF, b"COMM", ">I", 10, id="aiff's count of frames"),
        pytest.param(CAF, b"data", ">Q", 4, id="caf"),
        pytest.param(PACKED, b"data", ">Q", 4, id="caf with packets"),
        pytest.param(W64, b"data\xf3\xac", "<Q", 16, id="w64"),
        pytest.param(W64, b"riff", "<Q", 16, id="w64 as a whole"),
    ],
)
def test_sound_is_heard_to_its_end_whatever_its_size_says(
    data: bytes, name: bytes, form: str, width: int, change: str
) -> None:
    samples, warnings = heard(with_size(data, name, form, width, change))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.05)
    assert warnings == ()


@pytest.mark.parametrize("size", [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF])
def test_an_au_of_no_possible_size_is_heard_to_its_end(size: int) -> None:
    samples, warnings = heard(put(encoded("au", "pcm_s16be", SAID), 8, ">I", size))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert warnings == ()


@pytest.mark.parametrize("kept", [0, 1])
def test_an_edit_list_that_leaves_next_to_nothing_is_passed_over(kept: int) -> None:
    samples, _ = heard(put(AAC["mp4"], AAC["mp4"].find(b"elst") + 12, ">I", kept))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.05)


def test_a_length_that_the_bytes_hardly_hold_is_not_believed() -> None:
    data = encoded("webm", "libopus", np.tile(SAID, 3), 48_000)
    samples, _ = heard(put(data, data.find(b"\x44\x89\x88") + 3, ">d", 7_300_000.0), 1_800.0)
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.1)


@pytest.mark.parametrize("change", [-99_999, -16, 16, 99_999, "none", "the most"])
@pytest.mark.parametrize("data", [AAC["mp4"], AAC["3gp"], PCM], ids=["mp4", "3gp", "mov"])
def test_an_index_behind_samples_of_a_wrong_size_is_found(data: bytes, change: int | str) -> None:
    at = data.find(b"mdat") - 4
    size = {"none": 0, "the most": 0xFFFF_FFFF}.get(str(change)) if isinstance(change, str) else None
    if size is None:
        size = max(9, get(data, at, ">I") + int(change))
    samples, warnings = heard(put(data, at, ">I", size))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert warnings == ()
    joined, _ = heard(put(data, at, ">I", size) + data)
    assert seconds_of(joined) == pytest.approx(2 * SPEECH_SECONDS, abs=0.2)


@pytest.mark.parametrize("cut", [1, 2, 7, 16])
@pytest.mark.parametrize(
    "data", [*AAC.values(), PCM, PACKED], ids=[*AAC, "mov of samples", "caf with packets"]
)
def test_an_index_whose_end_is_missing_costs_little(data: bytes, cut: int) -> None:
    samples, _ = heard(data[:-cut])
    assert seconds_of(samples) > SPEECH_SECONDS - 2.0
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)


@pytest.mark.parametrize("kind", AAC)
def test_half_an_index_is_half_of_the_sound_and_that_is_told(kind: str) -> None:
    data = AAC[kind]
    sizes = data.find(b"stsz")
    samples, warnings = heard(data[: sizes + 16 + 200])
    assert seconds_of(samples) > 2.0
    assert [text for text in warnings if "shorter" in text]


def test_an_index_cut_before_it_names_the_sound_is_damage_and_no_other_reason() -> None:
    at = PCM.find(b"stbl")
    for end in (at, at + 60, PCM.find(b"stts")):
        with pytest.raises(SmeltError) as caught:
            heard(PCM[:end])
        assert caught.value.code is ErrorCode.CORRUPTED_FILE


@pytest.mark.parametrize("data", [bytes(100), b"\xff" * 5_000, struct.pack(">I4s", 8, b"stbl") * 500])
def test_an_index_of_nonsense_is_completed_by_its_length_alone(data: bytes) -> None:
    assert len(completion(data, len(data) + 99, 40)) in (0, 99)


def test_tables_that_promise_billions_take_no_time() -> None:
    table = struct.pack(">I4sIII", 20, b"stsz", 0, 1, 0xFFFF_FFFF)
    runs = struct.pack(">I4sII", 28, b"stsc", 0, 1) + struct.pack(">III", 1, 1, 1)
    begun = struct.pack(">I4s", 50_000, b"moov") + table + runs + struct.pack(">I4s", 40_000, b"stco")
    assert len(completion(begun, 50_000, 40)) == 50_000 - len(begun)


@pytest.mark.parametrize("damage", ["a byte less", "a byte more", "1000 less", "zeros"])
def test_a_fragmented_mp4_is_heard_on_behind_damage(damage: str) -> None:
    at = len(FRAGMENTS) // 2
    kept = {"a byte less": (1, 0), "a byte more": (0, 1), "1000 less": (1_000, 0), "zeros": (9_000, 9_000)}
    gone, new = kept[damage]
    samples, warnings = heard(FRAGMENTS[:at] + bytes(new) + FRAGMENTS[at + gone :])
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=1.2)
    assert float(np.abs(samples[-2 * RATE :]).max()) > 0.1
    assert warnings[0].startswith("Damaged parts of the recording were skipped: 0:00:0")


def test_half_a_fragment_at_the_end_costs_only_itself() -> None:
    at = FRAGMENTS.rfind(b"moof")
    samples, warnings = heard(FRAGMENTS[: at + 60])
    assert seconds_of(samples) > SPEECH_SECONDS - 1.0
    assert warnings[-1] == "The recording breaks off at 0:00:09; what followed there is missing."


@pytest.mark.parametrize("name", [b"moof", b"mdat"])
def test_a_fragmented_mp4_that_breaks_off_is_told(name: bytes) -> None:
    at = FRAGMENTS.find(name, len(FRAGMENTS) // 2)
    for cut in (at + 5, at + 300):
        samples, warnings = heard(FRAGMENTS[:cut])
        assert SPEECH_SECONDS * 0.4 < seconds_of(samples) < SPEECH_SECONDS * 0.7
        told = (
            f"The recording breaks off at 0:00:0{int(seconds_of(samples))}; what followed there is missing."
        )
        assert warnings == (told,)
    assert heard(FRAGMENTS)[1] == heard(FRAGMENTS + bytes(99))[1] == ()


@pytest.mark.parametrize("between", [b"", bytes(3), bytes(5_000), b"\x93\x8f\xe1" * 1_500])
@pytest.mark.parametrize("data", [AAC["mp4"], FAST, FRAGMENTS, WEBM, LIVE], ids=["mp4", "index first", *LAST])
def test_recordings_joined_with_bytes_between_them_are_heard(data: bytes, between: bytes) -> None:
    samples, _ = heard(data + between + data + between + data)
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.3)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("data", [AAC["mp4"], FAST, FRAGMENTS, WEBM, LIVE], ids=["mp4", "index first", *LAST])
def test_a_whole_one_behind_half_a_one_is_heard_and_what_is_missing_told(data: bytes, share: float) -> None:
    samples, warnings = heard(data[: int(len(data) * share)] + data)
    assert seconds_of(samples) >= SPEECH_SECONDS - 0.1
    last = samples[-len(SAID) :]
    assert level(last) == pytest.approx(level(SAID), rel=0.1)
    tells_nothing = data is LIVE  # of what it is cut within it doesn't say how long that is
    assert warnings or seconds_of(samples) > 1.9 * SPEECH_SECONDS or tells_nothing


def test_what_could_not_be_read_in_the_middle_is_told_and_keeps_its_place() -> None:
    long = np.tile(SAID, 3)
    for data in (encoded("webm", "libopus", long, 48_000), encoded("ogg", "libopus", long, 48_000)):
        at = len(data) // 2
        samples, warnings = heard(data[:at] + bytes(len(data) // 8) + data[at + len(data) // 8 :])
        assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.2)
        assert warnings[0].startswith("Damaged parts of the recording were skipped: 0:00:1")


FLAC = recording("speech.flac")
INFO = 8  # where a FLAC's description begins


def _flac(*blocks: tuple[int, int, bytes]) -> bytes:
    """With other blocks before its frames: type, size and content."""
    frames = FLAC[FLAC.find(b"\xff\xf8") :]
    written = [bytes([kind]) + size.to_bytes(3, "big") + data for kind, size, data in blocks]
    return FLAC[:4] + b"\0\0\0\x22" + FLAC[INFO:42] + b"".join(written) + frames


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_flac((0x81, 100, bytes(100))), id="as it ought to be"),
        pytest.param(_flac((0x81, 99, bytes(100))), id="padding too short"),
        pytest.param(_flac((0x81, 1_000, bytes(100))), id="padding too long"),
        pytest.param(_flac((1, 1_000, bytes(100)), (0x81, 9, bytes(9))), id="one of two too long"),
        pytest.param(_flac((0x81, 0xFFFFFF, bytes(100))), id="padding without end"),
        pytest.param(_flac((1, 100, bytes(100))), id="no last one"),
        pytest.param(_flac((0x81, 100_000, bytes(100_000))), id="much padding"),
        pytest.param(_flac((6, 50, NOISE), (0x81, 9, bytes(9))), id="a picture longer than it says"),
        pytest.param(put(FLAC, INFO, ">I", 0), id="block sizes of none"),
        pytest.param(put(FLAC, INFO, ">H", 0xFFFF), id="a least block beyond the most"),
        pytest.param(put(FLAC, INFO + 10, ">H", 0), id="a rate of none"),
    ],
)
def test_a_flac_is_heard_whatever_its_blocks_say(data: bytes) -> None:
    samples, warnings = heard(data)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.1)
    assert warnings == ()


LONG = np.tile(SAID, 3)
STAMPED = {
    "webm": encoded("webm", "libopus", LONG, 48_000),
    "live webm": muxed("webm", [Sound(LONG, "libopus")], rate=48_000, options={"live": "1"}),
    "ogg": encoded("ogg", "libopus", LONG, 48_000),
}


@pytest.mark.parametrize("at", [0.0, 0.02])
@pytest.mark.parametrize("name", STAMPED)
def test_sound_keeps_its_place_behind_a_damaged_beginning(name: str, at: float) -> None:
    data = bytearray(STAMPED[name])
    begin = max(data.find(b"\x1f\x43\xb6\x75"), 0) or len(data) // 50
    begin += int(at * len(data))
    data[begin : begin + len(data) // 5] = bytes(len(data) // 5)
    samples, warnings = heard(bytes(data))
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.2)
    assert at == 0.0 or warnings[0].startswith("Damaged parts of the recording were skipped: 0:00:0")


WITHOUT_STAMPS = {
    "mp3": encoded("mp3", "libmp3lame", LONG),
    "mp2": encoded("mp2", "mp2", LONG, bit_rate=64_000),
    "ac3": encoded("ac3", "ac3", LONG, 32_000, bit_rate=64_000),
    "aac": encoded("adts", "aac", LONG),
    "amr": encoded("amr", "libopencore_amrnb", LONG, 8_000),
    "flac": encoded("flac", "flac", LONG),
}


@pytest.mark.parametrize("at", [0.05, 0.4])
@pytest.mark.parametrize("name", WITHOUT_STAMPS)
def test_what_is_overwritten_keeps_its_place_without_stamps_too(name: str, at: float) -> None:
    whole = WITHOUT_STAMPS[name]
    begin, length = int(at * len(whole)), len(whole) // 9
    data = whole[:begin] + np.random.default_rng(1).bytes(length) + whole[begin + length :]
    samples, warnings = heard(data)
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.3)
    assert loudness(samples[-8 * RATE :]) == pytest.approx(loudness(LONG[-8 * RATE :]), abs=0.05)
    lost = at * 3 * SPEECH_SECONDS
    assert (
        f"{clock(lost)} to {clock(lost + 4)}" in warnings[0]
        or f"{clock(lost)} to {clock(lost + 3)}" in warnings[0]
    )


def loudness(samples: Samples) -> Samples:
    """Of each half second."""
    loud: Samples = np.sqrt(np.mean(samples.reshape(-1, RATE // 2) ** 2, axis=1))
    return loud


def test_bytes_that_are_cut_out_of_a_flac_leave_their_time() -> None:
    whole = WITHOUT_STAMPS["flac"]
    samples, warnings = heard(whole[: len(whole) // 3] + whole[len(whole) // 2 :])
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.1)
    assert warnings == ("Damaged parts of the recording were skipped: 0:00:08 to 0:00:14.",)


@pytest.mark.parametrize("wiped", [b"", b"\xff\xf1"], ids=["whole frames", "what begins like one"])
def test_frames_of_aac_that_are_wiped_out_leave_their_time(wiped: bytes) -> None:
    """As much as their bytes take elsewhere. No packet tells of them: FFmpeg goes on with the next frame."""
    whole = WITHOUT_STAMPS["aac"]
    begin, end = (find_frames(whole, at) for at in (len(whole) // 3, len(whole) // 2))
    samples, warnings = heard(whole[:begin] + wiped.ljust(end - begin, b"\0") + whole[end:])
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=1.0)
    assert len(warnings) == 1
    assert re.fullmatch(
        r"Damaged parts of the recording were skipped: 0:00:0[89] to 0:00:1[345]\.", warnings[0]
    )


def find_frames(data: bytes, at: int) -> int:
    """Of ADTS, behind `at`."""
    found = mpeg.find_frames(data[at:], mpeg.adts_frame, 10_000)
    assert found is not None
    return at + found


@pytest.mark.parametrize("name", ["mp3", "mp2", "aac"])
@pytest.mark.parametrize("tag", [b"ID3\x04\0\0\0\3\x54\x60", b"APETAGEX\xd0\7\0\0"])
def test_a_tag_between_joined_recordings_takes_no_time(name: str, tag: bytes) -> None:
    data = WITHOUT_STAMPS[name]
    samples, _ = heard(data + tag + NOISE + data)
    assert seconds_of(samples) == pytest.approx(6 * SPEECH_SECONDS, abs=0.3)


def test_a_recording_whose_stamps_begin_late_begins_with_its_sound() -> None:
    for options in ({}, {"live": "1"}):
        data = muxed("webm", [Sound(SAID, "libopus", start=3_600.0)], rate=48_000, options=options)
        samples, warnings = heard(data)
        assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
        assert warnings == ()


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_zeros_in_an_amr_are_no_frames(share: float) -> None:
    whole = WITHOUT_STAMPS["amr"]
    at, length = int(share * len(whole)), len(whole) // 9
    samples, warnings = heard(whole[:at] + bytes(length) + whole[at + length :])
    assert seconds_of(samples) == pytest.approx(3 * SPEECH_SECONDS, abs=0.3)
    assert len(warnings) == 1


@pytest.mark.parametrize("data", [WEBM, LIVE], ids=["webm", "live webm"])
@pytest.mark.parametrize("damage", ["zeros", "cut", "a wrong size", "noise"])
def test_damage_before_the_tracks_of_a_webm_costs_nothing(data: bytes, damage: str) -> None:
    tracks = data.find(b"\x16\x54\xae\x6b")
    begin = data.find(b"\x18\x53\x80\x67")  # the segment
    noise = np.random.default_rng(1).bytes(tracks - begin)
    new = {"zeros": bytes(len(noise)), "cut": b"", "noise": noise}.get(damage)
    broken = put(data, tracks - 20, ">I", 0x7FFF_FFFF) if new is None else data[:begin] + new + data[tracks:]
    samples, warnings = heard(broken)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)
    assert warnings == ()


@pytest.mark.parametrize("at", [9, 15, 23, 40, -9])
@pytest.mark.parametrize("name", ["speech.ogg", "vorbis.ogg"])
def test_a_bit_that_is_wrong_before_the_sound_of_an_ogg_costs_nothing(name: str, at: int) -> None:
    """In the first page's position, its stream's number, its checksum or its content, and at the comment's end."""
    data = bytearray(recording(name))
    comment = data.find(b"OggS", 4)
    data[at if at >= 0 else data.find(b"OggS", comment + 4) + at] ^= 4
    samples, warnings = heard(bytes(data))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.3)
    assert warnings == ()


@pytest.mark.parametrize("name", ["speech.ogg", "vorbis.ogg"])
def test_an_ogg_that_breaks_off_is_told(name: str) -> None:
    data = recording(name)
    assert heard(data)[1] == heard(data + bytes(99))[1] == ()
    samples, warnings = heard(data[: len(data) // 2])
    assert warnings == (
        f"The recording breaks off at 0:00:0{int(seconds_of(samples))}; what followed there is missing.",
    )


@pytest.mark.parametrize("name", ["speech.mp3", "speech.aac"])
def test_half_a_frame_at_the_end_or_zeros_never_written_are_no_damage(name: str) -> None:
    for data in (recording(name)[:-1], recording(name) + b"\0", recording(name) + bytes(200_000)):
        samples, warnings = heard(data)
        assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
        assert warnings == ()
