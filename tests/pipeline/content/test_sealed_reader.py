"""A sealed object reads and seeks as the file that it holds."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.content.errors import ContentTampered
from pipeline.content.sealed_reader import BLOCK_BYTES, CACHED_BLOCKS, SealedReader
from pipeline.content.sealing import CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES, seal

KEY = bytes(range(32))
CONTEXT = b"whose it is"
LARGE = os.urandom(6 * BLOCK_BYTES + 12_345)
SEALED_LARGE = seal(LARGE, KEY, CONTEXT)


def reader(sealed: bytes, fetched: list[tuple[int, int]] | None = None) -> SealedReader:
    def read_range(start: int, end: int) -> bytes:
        if fetched is not None:
            fetched.append((start, end))
        return sealed[start:end]

    return SealedReader(read_range, len(sealed), KEY, CONTEXT)


SMALL_SIZES = [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES]
moves = st.lists(
    st.one_of(
        st.tuples(st.just("seek"), st.integers(0, 8 * BLOCK_BYTES), st.just(io.SEEK_SET)),
        st.tuples(st.just("seek"), st.integers(-BLOCK_BYTES, BLOCK_BYTES), st.just(io.SEEK_CUR)),
        st.tuples(st.just("seek"), st.integers(-8 * BLOCK_BYTES, 100), st.just(io.SEEK_END)),
        st.tuples(st.just("read"), st.integers(0, 3 * BLOCK_BYTES), st.just(0)),
    ),
    max_size=12,
)


@given(moves)
def test_it_reads_and_seeks_as_a_file_of_the_content_does(moves: list[tuple[str, int, int]]) -> None:
    ours, model = reader(SEALED_LARGE), io.BytesIO(LARGE)
    for what, amount, whence in moves:
        if what == "read":
            assert ours.read(amount) == model.read(amount)
        elif [0, model.tell(), len(LARGE)][whence] + amount >= 0:
            assert ours.seek(amount, whence) == model.seek(amount, whence)
        assert ours.tell() == model.tell()


@pytest.mark.parametrize("size", SMALL_SIZES)
def test_every_size_reads_whole(size: int) -> None:
    data = LARGE[:size]
    file = reader(seal(data, KEY, CONTEXT))
    assert file.size == size
    assert file.read() == data
    assert file.read(1) == b""
    assert file.readable()
    assert file.seekable()


def test_a_buffered_reader_works_over_it() -> None:
    with io.BufferedReader(reader(SEALED_LARGE)) as file:
        assert file.read() == LARGE


def test_seeking_before_the_start_or_strangely_is_refused() -> None:
    file = reader(seal(b"content", KEY, CONTEXT))
    with pytest.raises(ValueError, match="before the start"):
        file.seek(-1)
    with pytest.raises(ValueError, match="whence"):
        file.seek(0, 9)


def test_a_closed_file_reads_nothing() -> None:
    file = reader(seal(b"content", KEY, CONTEXT))
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read(1)


def test_reading_in_order_fetches_each_block_once() -> None:
    fetched: list[tuple[int, int]] = []
    file = reader(SEALED_LARGE, fetched)
    while file.read(10_000):
        pass
    header, tail, *blocks = fetched
    assert header == (0, HEADER_BYTES)
    assert [start for start, _ in blocks] == [
        HEADER_BYTES + number * 16 * SEALED_CHUNK_BYTES for number in range(7)
    ]
    assert blocks[-1] == tail  # checked at the opening, and out of the cache since


def test_the_head_and_the_tail_stay_at_hand() -> None:
    fetched: list[tuple[int, int]] = []
    file = reader(SEALED_LARGE, fetched)
    for _ in range(10):
        file.seek(0)
        file.read(10)
        file.seek(-10, io.SEEK_END)
        file.read(10)
    assert len(fetched) == 3


def test_memory_stays_flat() -> None:
    file = reader(SEALED_LARGE)
    while file.read(BLOCK_BYTES // 2):
        assert sum(map(len, file._blocks.values())) <= CACHED_BLOCKS * BLOCK_BYTES


@pytest.mark.parametrize("chunks", [0, 1, 50])
def test_an_object_cut_between_chunks_is_refused_at_once(chunks: int) -> None:
    with pytest.raises(ContentTampered):
        reader(SEALED_LARGE[: HEADER_BYTES + chunks * SEALED_CHUNK_BYTES])


def test_a_cut_or_longer_object_is_refused_at_once() -> None:
    for sealed in (SEALED_LARGE[:-1], SEALED_LARGE + b"x", SEALED_LARGE + SEALED_LARGE[-SEALED_CHUNK_BYTES:]):
        with pytest.raises(ContentTampered):
            reader(sealed)


def test_another_key_is_refused_at_once() -> None:
    sealed = seal(b"content", KEY, CONTEXT)
    with pytest.raises(ContentTampered):
        SealedReader(lambda start, end: sealed[start:end], len(sealed), bytes(32), CONTEXT)


def test_a_changed_middle_is_noticed_when_it_is_read() -> None:
    changed = bytearray(SEALED_LARGE)
    changed[3 * BLOCK_BYTES] ^= 1
    file = reader(bytes(changed))
    assert file.read(BLOCK_BYTES) == LARGE[:BLOCK_BYTES]
    file.seek(3 * BLOCK_BYTES - 1000)
    with pytest.raises(ContentTampered):
        file.read(10)


def test_swapped_chunks_are_noticed_when_they_are_read() -> None:
    a = HEADER_BYTES + SEALED_CHUNK_BYTES
    b = a + SEALED_CHUNK_BYTES
    c = b + SEALED_CHUNK_BYTES
    file = reader(SEALED_LARGE[:a] + SEALED_LARGE[b:c] + SEALED_LARGE[a:b] + SEALED_LARGE[c:])
    with pytest.raises(ContentTampered):
        file.read(1)


def test_an_object_replaced_by_a_shorter_one_is_noticed() -> None:
    objects = [SEALED_LARGE]
    file = SealedReader(lambda start, end: objects[0][start:end], len(SEALED_LARGE), KEY, CONTEXT)
    objects[0] = b""
    with pytest.raises(ContentTampered):
        file.read(10)
