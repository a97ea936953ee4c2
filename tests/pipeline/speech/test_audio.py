"""Recordings decoded: every format alike, within the limits, or refused by its code."""

import io
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.audio import Decoder, decode, probe
from pipeline.speech.samples import RATE
from pipeline.speech.sniff import HEAD_BYTES, MediaType, classify
from pipeline.states import ErrorCode
from tests.recordings import MEETING, SPEECH, SPEECH_SECONDS, recording

LONG = 3_600.0


def type_of(data: bytes) -> MediaType:
    media_type = classify(data[:HEAD_BYTES], None, None).media_type
    assert media_type is not None
    return media_type


def seconds(data: bytes, max_seconds: float = LONG) -> float:
    return sum(len(piece) for piece in decode(io.BytesIO(data), type_of(data), max_seconds)) / RATE


def refusal(work: Callable[[], object]) -> ErrorCode:
    with pytest.raises(SmeltError) as caught:
        work()
    return caught.value.code


@pytest.mark.parametrize("name", SPEECH)
def test_every_format_decodes_to_the_same_sound(name: str) -> None:
    data = recording(name)
    pieces = list(decode(io.BytesIO(data), type_of(data), LONG))
    samples = np.concatenate(pieces)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) / RATE == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert 0.05 < float(np.abs(samples).max()) <= 1.1
    assert max(map(len, pieces)) <= RATE


@pytest.mark.parametrize("name", [name for name in SPEECH if name != "speech.aac"])
def test_probing_tells_the_duration(name: str) -> None:
    data = recording(name)
    header = probe(io.BytesIO(data), type_of(data))
    assert header.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert header.certain


def test_an_m4a_whose_index_was_cut_off_is_refused() -> None:
    assert refusal(lambda: seconds(recording("truncated.m4a"))) is ErrorCode.CORRUPTED_FILE


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_wav_from_a_pipe_has_no_size_and_is_whole(size: int) -> None:
    data = bytearray(recording("speech.wav"))
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    assert seconds(bytes(data)) == pytest.approx(SPEECH_SECONDS, abs=0.1)


def test_a_video_without_sound_is_refused() -> None:
    assert refusal(lambda: seconds(recording("video_only.mp4"))) is ErrorCode.NO_AUDIO


def test_no_samples_are_an_empty_input() -> None:
    assert refusal(lambda: seconds(recording("no_samples.wav"))) is ErrorCode.EMPTY_INPUT


@pytest.mark.parametrize("name", [name for name in SPEECH if name != "speech.aac"])
def test_a_header_that_is_too_long_is_refused_before_any_sample(name: str) -> None:
    data = recording(name)
    pieces = decode(io.BytesIO(data), type_of(data), SPEECH_SECONDS / 2)
    assert refusal(lambda: next(pieces)) is ErrorCode.DURATION_EXCEEDED


def test_a_stream_without_a_length_is_refused_once_it_is_too_long() -> None:
    decoder = Decoder(io.BytesIO(recording("speech.aac")), MediaType.AAC, 3.0)
    heard = 0

    def listen() -> None:
        nonlocal heard
        for piece in decoder.samples():
            heard += len(piece)

    assert refusal(listen) is ErrorCode.DURATION_EXCEEDED
    assert 2.5 < heard / RATE <= 3.25


def test_a_header_that_lies_about_a_long_recording_does_not_get_it_through() -> None:
    data = bytearray(recording("speech.flac"))
    data[21] &= 0xF0  # the 36 bits of STREAMINFO that count the samples: "unknown"
    data[22:26] = bytes(4)
    assert probe(io.BytesIO(data), MediaType.FLAC).duration_seconds is None
    assert refusal(lambda: seconds(bytes(data), 3.0)) is ErrorCode.DURATION_EXCEEDED


def test_a_recording_of_exactly_the_limit_passes_in_spite_of_padding() -> None:
    assert seconds(recording("speech.m4a"), 9.5) > 9.5


@pytest.mark.parametrize("media_type", list(MediaType))
@pytest.mark.parametrize("name", ["playlist.m3u8", "playlist.ffconcat"])
def test_no_demuxer_takes_a_playlist(name: str, media_type: MediaType) -> None:
    work = decode(io.BytesIO(recording(name)), media_type, LONG)
    assert refusal(lambda: list(work)) in (ErrorCode.CORRUPTED_FILE, ErrorCode.EMPTY_INPUT)


def test_a_container_is_opened_as_what_it_was_taken_for_only() -> None:
    assert (
        refusal(lambda: probe(io.BytesIO(recording("speech.ogg")), MediaType.WAV)) is ErrorCode.CORRUPTED_FILE
    )


def test_a_mov_that_points_to_another_file_gets_nothing_of_it() -> None:
    """The index of a real m4a, its data reference turned into an alias of the recording on the disk."""
    data = recording("speech.m4a").replace(
        b"dref\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0curl \x00\x00\x00\x01",
        b"dref\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0calis\x00\x00\x00\x00",
    )
    assert data != recording("speech.m4a")
    assert seconds(data) == pytest.approx(SPEECH_SECONDS, abs=0.1)  # decoded from the file itself


def test_a_codec_that_is_not_on_the_list_is_unsupported() -> None:
    data = bytearray(recording("speech.wav"))
    data[20:22] = (0x0111).to_bytes(2, "little")  # the format tag of VoxWare
    assert refusal(lambda: seconds(bytes(data))) is ErrorCode.UNSUPPORTED_CODEC


def test_a_few_damaged_packets_are_skipped_with_a_warning() -> None:
    data = bytearray(MEETING.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 150] = bytes(range(1, 151))
    decoder = Decoder(io.BytesIO(data), MediaType.MP4, LONG)
    total = sum(map(len, decoder.samples())) / RATE
    assert total == pytest.approx(25.8, abs=0.3)
    assert 1 <= decoder.skipped <= 3
    assert decoder.warnings


class Unreachable(Exception):
    pass


class Breaking(io.BytesIO):
    """A store that stops answering after so many bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 100_000:
            raise Unreachable
        return super().read(size)


@pytest.mark.parametrize("name", ["speech.wav", "stereo.wav", "speech.flac"])
def test_a_store_that_fails_in_the_middle_is_not_taken_for_the_end(name: str) -> None:
    data = recording(name) * 3  # more than is read at once
    with pytest.raises(Unreachable):
        list(decode(Breaking(data), type_of(data), LONG))


def test_any_cut_or_flipped_byte_gives_samples_or_an_error_code() -> None:
    random = np.random.default_rng(7)
    for name in SPEECH:
        heard = 0
        for _ in range(15):
            data = bytearray(recording(name))
            data[int(random.integers(len(data)))] ^= int(random.integers(1, 256))
            data = data[: int(random.integers(1, len(data)))]
            try:
                heard += sum(map(len, decode(io.BytesIO(data), type_of(recording(name)), LONG))) > 0
            except SmeltError:
                continue
        assert heard >= 8 if name != "video.mp4" else heard == 0, (
            name
        )  # whose index is at its end, and cut off
