"""Separate channels are told while they are heard, and whoever takes them up goes on behind what was heard."""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.audio import Decoder
from pipeline.speech.blocks import cut
from pipeline.speech.channels import MOST_CHANNELS, ONE_CHANNEL
from pipeline.speech.passage import (
    NOTHING_BEFORE,
    Before,
    Passage,
    before_from_json,
    before_to_json,
    passages_from_bytes,
    passages_to_bytes,
)
from pipeline.speech.sniff import MediaType
from pipeline.speech.speakers import labeled, spoken_by
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import ErrorCode
from tests.support.tones import ToneHearing, ToneRecognizer, Tones, call, channel, separate

SECONDS = 40.0
CALL: tuple[
    Tones, ...
] = (  # the second speaks first; they interrupt each other, and the third says one thing late
    [(3.0, 5.0), (8.0, 9.0), (14.0, 22.0), (30.0, 31.0), (36.0, 39.0)],
    [(1.0, 2.0), (4.0, 6.0), (9.5, 12.0), (13.0, 15.0), (20.0, 33.0)],
    [(34.0, 35.0)],
)
MINUTES = [(30.0 * number + 1.0, 30.0 * number + 3.0) for number in range(14)]


@dataclass
class Heard:
    """`done`: what was reported before each passage, and at the end."""

    passages: list[Passage]
    done: list[list[float]]
    outcome: Transcript
    starts: list[float]  # of what was heard

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(segment for passage in self.passages for segment in passage.segments)

    @property
    def transcript(self) -> Transcript:
        return replace(self.outcome, segments=self.segments)


def hear(data: bytes, before: Before = NOTHING_BEFORE, size: int = 1) -> Heard:
    """`size`: how many tones a passage has, at most."""
    recognizer = ToneRecognizer(size)
    hearing = separate(data, recognizer, before_from_json(before_to_json(before)))
    reported: list[float] = []
    found = Heard([], [], Transcript(()), recognizer.heard)
    for passage in hearing.passages(lambda done, _: reported.append(done)):
        found.passages.append(passage)
        found.done.append([*reported])
        reported.clear()
    found.done.append(reported)
    found.outcome = hearing.outcome
    return found


def one_after_the_other(data: bytes, count: int) -> tuple[Segment, ...]:
    """What each channel says, heard from its beginning to its end, and then put in order."""
    said: list[Segment] = []
    for number in range(count):
        samples = Decoder(io.BytesIO(data), MediaType.WAV, 3_600.0, number).samples()
        passages = ToneHearing(ToneRecognizer()).hear(next(cut(samples)), lambda _: None)
        said += [spoken_by(segment, str(number)) for passage in passages for segment in passage.segments]
    return labeled(said)


def random_call(seed: int) -> list[Tones]:
    lots = np.random.default_rng(seed)
    tones: list[Tones] = []
    for _ in range(int(lots.integers(1, 4))):
        times = np.cumsum(np.round(lots.uniform(0.6, 6.0, 2 * int(lots.integers(0, 5))), 2))
        tones.append([(start, end) for start, end in times.reshape(-1, 2).tolist() if end < SECONDS])
    return [*tones, [(1.0, 2.0)]]


def test_what_nobody_can_say_anything_before_any_more_is_told_while_the_rest_is_heard() -> None:
    data = call(SECONDS, *CALL)
    found = hear(data)
    assert found.segments == one_after_the_other(data, len(CALL))
    assert [segment.speaker for segment in found.segments[:4]] == ["S1", "S2", "S1", "S2"]
    assert found.segments[-2].speaker == "S3"
    first = next(at for at, passage in enumerate(found.passages) if passage.segments)
    assert max(itertools.chain(*found.done[: first + 1])) < SECONDS / 2
    ends = [passage.end for passage in found.passages]
    assert ends == sorted(ends)
    assert ends[-1] == SECONDS == found.outcome.duration_seconds
    for passage in found.passages[:-1]:
        assert all(segment.start < passage.end for segment in passage.segments)
        waiting = [segment for heard in passage.channels for segment in heard.waiting]
        assert all(segment.start >= passage.end for segment in waiting)
        assert len(waiting) <= len(CALL)  # none is more than a passage ahead


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1, 3])
def test_passages_are_what_each_channel_says_in_order(seed: int, size: int) -> None:
    tones = random_call(seed)
    data = call(SECONDS, *tones)
    found = hear(data, size=size)
    assert found.segments == one_after_the_other(data, len(tones))
    starts = [segment.start for segment in found.segments]
    assert starts == sorted(starts)


@pytest.mark.parametrize("size", [1, 2])
def test_whoever_takes_them_up_tells_the_rest_and_hears_no_more_than_that(size: int) -> None:
    data = call(SECONDS, *CALL)
    whole = hear(data, size=size)
    for count in (*range(0, len(whole.passages), 3), len(whole.passages)):
        kept = passages_from_bytes(passages_to_bytes(whole.passages[:count]))
        rest = hear(data, Before.of(kept), size)
        assert (*[s for passage in kept for s in passage.segments], *rest.segments) == whole.segments
        assert rest.outcome == whole.outcome
        assert [*whole.starts[: len(whole.starts) - len(rest.starts)], *rest.starts] == whole.starts
        done = [*itertools.chain(*rest.done)]
        assert done == sorted(done)
        assert all(seconds >= Before.of(kept).end for seconds in done)


def test_who_is_killed_again_and_again_comes_to_the_end() -> None:
    """After each passage: no two come from one attempt."""
    data = call(15.0, [(3.0, 5.0), (8.0, 9.0)], [(1.0, 2.0), (4.0, 6.0), (9.5, 12.0)])
    whole, kept = hear(data), list[Passage]()
    while rest := hear(data, Before.of(kept)).passages:
        kept.append(rest[0])
    assert tuple(segment for passage in kept for segment in passage.segments) == whole.segments


def test_progress_only_ever_grows() -> None:
    done = [*itertools.chain(*hear(call(SECONDS, *CALL)).done)]
    assert done == sorted(done)
    assert len({*done}) > 10
    assert done[-1] == SECONDS


@pytest.mark.parametrize("count", [0, 1, 2])
def test_more_channels_than_are_heard_are_told_mixed_also_by_whoever_takes_them_up(count: int) -> None:
    data = call(SECONDS, CALL[0], *[[]] * MOST_CHANNELS)
    whole = hear(data)
    rest = hear(data, Before.of(whole.passages[:count]))
    assert [segment.speaker for segment in whole.segments] == [None] * len(CALL[0])
    assert whole.passages[count:] == rest.passages
    assert rest.outcome == whole.outcome
    assert "9 channels" in whole.outcome.warnings[0]
    done = [*itertools.chain(*whole.done)]
    assert done == sorted(done)


def test_one_channel_is_told_without_a_speaker_also_by_whoever_takes_it_up() -> None:
    whole = hear(call(SECONDS, CALL[0]))
    rest = hear(call(SECONDS, CALL[0]), Before.of(whole.passages[:2]))
    assert [segment.speaker for segment in whole.segments] == [None] * len(CALL[0])
    assert rest.segments == whole.segments[2:]
    assert rest.outcome == whole.outcome
    assert whole.outcome.warnings == (ONE_CHANNEL,)


def test_whoever_takes_up_what_nobody_speaks_in_says_so_too() -> None:
    data = call(SECONDS, [], [])
    seen: list[Passage] = []
    for _ in range(2):
        with pytest.raises(SmeltError) as raised:
            seen += separate(data, ToneRecognizer(), Before.of(seen)).passages(lambda *_: None)
        assert raised.value.code is ErrorCode.NO_SPEECH


def joined(first: Sequence[Tones], second: Sequence[Tones], seconds: float) -> bytes:
    return call(seconds, *first) + call(SECONDS, *second)


def test_files_joined_whose_first_has_fewer_channels() -> None:
    """All of a short one is decoded before anything of it is told."""
    found = hear(joined([[(1.0, 2.0)]], [[(1.0, 2.0)], [(3.0, 4.0)]], 10.0))
    assert [(segment.start, segment.speaker) for segment in found.segments] == [
        (1.0, "S1"),
        (11.0, "S1"),
        (13.0, "S2"),
    ]


def test_channels_that_come_late_begin_there() -> None:
    tones = MINUTES
    data = joined([tones], [[(5.0, 6.0)], [(1.0, 2.0), (20.0, 21.0)]], 420.0)
    whole = hear(data)
    assert [segment.start for segment in whole.segments] == [*(s for s, _ in tones), 421.0, 425.0, 440.0]
    assert [segment.speaker for segment in whole.segments[-3:]] == ["S2", "S1", "S2"]
    assert whole.segments[0].speaker is None
    assert whole.outcome.warnings == ()
    ends = [passage.end for passage in whole.passages]
    assert ends == sorted(ends)
    done = [*itertools.chain(*whole.done)]
    assert done == sorted(done)
    for count in (2, len(tones), len(whole.passages) - 2):
        kept = whole.passages[:count]
        rest = hear(data, Before.of(kept))
        assert (*[s for passage in kept for s in passage.segments], *rest.segments) == whole.segments


def test_too_many_channels_that_come_late_are_told() -> None:
    tones = MINUTES
    found = hear(joined([tones[:11]], [[(1.0, 2.0)], *[[]] * MOST_CHANNELS], 330.0))
    assert [segment.start for segment in found.segments] == [*(s for s, _ in tones[:11]), 331.0]
    assert "9 channels" in found.outcome.warnings[-1]


def test_a_channel_s_pitch_is_its_own() -> None:
    """What the other tests take for granted."""
    one, other = (channel(number, [(0.0, 1.0)], 1.0) for number in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1
