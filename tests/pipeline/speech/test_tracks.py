"""Which of several tracks is heard, and when its sound begins."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from pipeline.speech.samples import RATE
from pipeline.speech.timeline import Timeline
from tests.recordings import SPEECH_SECONDS
from tests.recordings.samples import Sound, muxed
from tests.support.decoding import begin, heard, level, seconds_of, speech

SAID = speech()
FIRST_WORD = begin(SAID)
OTHER = SAID[: 3 * RATE]
SILENT = np.zeros_like(SAID)


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize(
    ("sounds", "number"),
    [
        ([Sound(SAID), Sound(OTHER, default=False)], 1),
        ([Sound(OTHER, default=False), Sound(SAID)], 2),
        ([Sound(OTHER, default=False), Sound(OTHER, default=False), Sound(SAID)], 3),
        ([Sound(SILENT), Sound(SAID, default=False)], 2),
        ([Sound(SILENT), Sound(SILENT, default=False), Sound(SAID, default=False)], 3),
        ([Sound(SILENT, default=False), Sound(SAID)], 2),
    ],
    ids=[
        "default first",
        "default second",
        "default third",
        "silent first",
        "silent twice",
        "silence no default",
    ],
)
def test_the_default_track_is_heard_or_one_that_sounds(
    container: str, sounds: list[Sound], number: int
) -> None:
    samples, warnings = heard(muxed(container, sounds))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert level(samples) == pytest.approx(level(SAID), rel=0.05)
    assert warnings == (f"The recording has {len(sounds)} audio tracks; track {number} was heard.",)


def test_a_track_that_cannot_be_decoded_is_passed_over() -> None:
    samples, warnings = heard(muxed("matroska", [Sound(OTHER, "wavpack"), Sound(SAID, default=False)]))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.1)
    assert warnings == ("The recording has 2 audio tracks; track 2 was heard.",)


def test_of_ten_tracks_the_last_is_heard_where_it_alone_sounds() -> None:
    silent = [Sound(SILENT[:RATE], default=False)] * 9
    samples, warnings = heard(muxed("matroska", [*silent, Sound(SAID, default=False)]))
    assert level(samples) == pytest.approx(level(SAID), rel=0.05)
    assert warnings == ("The recording has 10 audio tracks; track 10 was heard.",)


def test_of_silent_tracks_the_default_is_taken() -> None:
    _, warnings = heard(muxed("matroska", [Sound(SILENT, default=False), Sound(SILENT)]))
    assert warnings == ("The recording has 2 audio tracks; track 2 was heard.",)


@pytest.mark.parametrize("start", [0.0, 0.3, 3.0])
@pytest.mark.parametrize(
    ("container", "codec", "video"),
    [
        *(
            ("mp4", "aac", 8.0),
            ("mov", "pcm_s16le", 8.0),
            ("matroska", "aac", 8.0),
            ("matroska", "pcm_s16le", 8.0),
        ),
        *(("mp4", "aac", 0.0), ("mov", "pcm_s16le", 0.0), ("matroska", "aac", 0.0), ("webm", "libopus", 0.0)),
    ],
)
def test_times_count_from_the_containers_start(
    container: str, codec: str, start: float, video: float
) -> None:
    samples, warnings = heard(muxed(container, [Sound(SAID, codec, start)], video_seconds=video))
    assert begin(samples) == pytest.approx(FIRST_WORD + start, abs=0.05)
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS + start, abs=0.1)
    assert warnings == ()


def test_times_of_a_fragmented_mp4_count_from_its_first_fragment() -> None:
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    samples, _ = heard(muxed("mp4", [Sound(SAID, start=3.0)], video_seconds=8, options=flags))
    assert begin(samples) == pytest.approx(FIRST_WORD + 3.0, abs=0.05)


def jumping(at: float, by: float) -> bytes:
    """A live WebM without a duration, whose stamps jump once."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm", options={"live": "1"}) as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        assert isinstance(stream, AudioStream)
        for start in range(0, len(SAID) - 320, 320):
            frame = AudioFrame.from_ndarray(
                np.repeat(SAID[start : start + 320], 3).reshape(1, -1), "flt", "mono"
            )
            frame.sample_rate = 48_000
            late = by if start / RATE > at else 0.0
            frame.pts, frame.time_base = 3 * start + int(late * 48_000), Fraction(1, 48_000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def test_a_pause_of_the_recorder_is_kept_as_silence() -> None:
    samples, warnings = heard(jumping(4.0, 2.0))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS + 2.0, abs=0.2)
    assert warnings == ()


def test_a_stamp_ten_hours_ahead_is_told_and_costs_no_sound() -> None:
    samples, warnings = heard(jumping(4.0, 36_000.0))
    assert seconds_of(samples) == pytest.approx(SPEECH_SECONDS, abs=0.2)
    assert warnings == ("The recording's time stamps are wrong, times may be too early from 0:00:04 on.",)


@pytest.mark.parametrize(
    ("stamps", "gaps"),
    [
        ([0.0, 1.0, 2.0], [0.0, 0.0, 0.0]),
        ([5.0, 6.0], [5.0, 0.0]),
        ([0.0, 3.0, 4.0], [0.0, 2.0, 0.0]),
        ([0.0, 1.4, 2.4], [0.0, 0.0, 0.0]),
        ([0.0, -7.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]),
        ([0.0, 500.0, 501.0, 505.0], [0.0, None, 0.0, 3.0]),
        ([None, None], [0.0, 0.0]),
    ],
)
def test_gaps_between_frames_of_a_second(stamps: list[float | None], gaps: list[float | None]) -> None:
    timeline, found = Timeline(0.0, 100.0), []
    for stamp in stamps:
        found.append(timeline.gap(stamp))
        timeline.hear(1.0)
    assert found == gaps
