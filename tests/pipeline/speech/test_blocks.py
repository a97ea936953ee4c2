"""Recordings cut into blocks, at silence."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.blocks import cut, quietest
from pipeline.speech.samples import RATE, Samples


def tone(seconds: float) -> Samples:
    time = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@given(
    sizes=st.lists(st.integers(0, 40_000), max_size=12),
    block_seconds=st.floats(0.01, 3.0),
    search_share=st.floats(0, 2),
)
def test_blocks_put_together_are_the_recording(
    sizes: list[int], block_seconds: float, search_share: float
) -> None:
    random = np.random.default_rng(sum(sizes))
    pieces: list[Samples] = [random.normal(0, 0.1, size).astype(np.float32) for size in sizes]
    whole = np.concatenate([np.zeros(0, np.float32), *pieces])
    blocks = list(cut(pieces, block_seconds, block_seconds * search_share))
    given_back = np.concatenate([np.zeros(0, np.float32), *(block.samples for block in blocks)])
    np.testing.assert_array_equal(given_back, whole)
    at = 0.0
    for block in blocks:
        assert 0 < len(block.samples) <= max(1, int(block_seconds * RATE))
        assert block.start_seconds == pytest.approx(at)
        at = block.end_seconds


def test_every_block_but_the_last_is_nearly_full() -> None:
    blocks = list(cut([tone(95)], block_seconds=20, search_seconds=5))
    assert all(15 <= block.seconds <= 20 for block in blocks[:-1])


def test_a_cut_falls_into_the_pause() -> None:
    speech = np.concatenate([tone(17), np.zeros(int(0.5 * RATE), np.float32), tone(10)])
    first, second = cut([speech], block_seconds=20, search_seconds=5)
    assert 17.1 < first.end_seconds < 17.4
    assert second.start_seconds == first.end_seconds


def test_a_short_dip_is_not_preferred_to_a_pause() -> None:
    samples = tone(4)
    samples[RATE : RATE + RATE // 50] = 0  # 20 ms without any sound
    samples[2 * RATE : 2 * RATE + RATE // 2] *= 0.05  # half a second of breath
    assert 2 * RATE < quietest(samples) < 2.5 * RATE


def test_silence_is_cut_late_so_that_blocks_stay_full() -> None:
    first, *_ = cut([np.zeros(50 * RATE, np.float32)], block_seconds=20, search_seconds=5)
    assert first.seconds > 19.5


def test_a_recording_shorter_than_a_block_is_one_block() -> None:
    (block,) = cut([tone(1), tone(2)])
    assert (block.start_seconds, block.seconds) == (0, 3)


def test_of_a_long_recording_the_first_block_is_short_and_a_later_beginning_has_none() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 700 * RATE).astype(np.float32)
    first, *others = cut([noise])
    assert 30 <= first.seconds <= 60
    assert all(270 <= block.seconds <= 300 for block in others[:-1])
    taken_up = next(cut([noise], start_seconds=first.end_seconds))
    assert 270 <= taken_up.seconds <= 300


def test_nothing_is_no_block() -> None:
    assert list(cut([])) == []


def test_no_more_than_a_block_is_held() -> None:
    taken = 0

    def pieces() -> Iterator[Samples]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield np.zeros(RATE, np.float32)

    next(iter(cut(pieces(), block_seconds=20, search_seconds=5)))
    assert taken <= 21
