"""Sealing: what comes out is what went in, or an error."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.content.errors import ContentTampered
from pipeline.content.sealing import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_CHUNK_BYTES,
    ChunkCipher,
    Sealer,
    plain_size,
    seal,
    unseal,
)

KEY = bytes(range(32))
CONTEXT = b"whose it is"
EDGES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]


def plain(size: int) -> bytes:
    return bytes(number * 31 % 251 for number in range(1024)) * (size // 1024) + b"e" * (size % 1024)


def opened(sealed: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(unseal([sealed], key, context))


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in sizes:
        yield data[start : start + size]
        start += size
    yield data[start:]


cuts = st.lists(st.integers(0, 2 * CHUNK_BYTES), max_size=6)


@given(st.sampled_from(EDGES) | st.integers(0, 4 * CHUNK_BYTES), cuts, cuts)
def test_content_survives_however_it_is_cut_on_either_side(
    size: int, written: list[int], read: list[int]
) -> None:
    data = plain(size)
    sealer = Sealer(KEY, CONTEXT)
    sealed = b"".join([*map(sealer.update, cut(data, written)), sealer.finish()])
    assert b"".join(unseal(cut(sealed, read), KEY, CONTEXT)) == data
    assert plain_size(len(sealed)) == size


def test_every_flipped_byte_is_noticed() -> None:
    sealed = seal(b"content", KEY, CONTEXT)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 0x80
        with pytest.raises(ContentTampered):
            opened(bytes(changed))


@pytest.mark.parametrize("size", EDGES)
def test_a_flipped_byte_in_any_chunk_is_noticed(size: int) -> None:
    sealed = seal(plain(size), KEY, CONTEXT)
    for at in range(0, len(sealed), 997):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(ContentTampered):
            opened(bytes(changed))


def test_every_cut_of_a_small_object_is_noticed() -> None:
    sealed = seal(b"content", KEY, CONTEXT)
    for size in range(len(sealed)):
        with pytest.raises(ContentTampered):
            opened(sealed[:size])


def test_an_object_cut_between_chunks_is_noticed() -> None:
    sealed = seal(plain(3 * CHUNK_BYTES), KEY, CONTEXT)
    for chunks in range(3):
        with pytest.raises(ContentTampered):
            opened(sealed[: HEADER_BYTES + chunks * SEALED_CHUNK_BYTES])


def chunks_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER_BYTES:]
    starts = range(0, len(body), SEALED_CHUNK_BYTES)
    return sealed[:HEADER_BYTES], [body[start : start + SEALED_CHUNK_BYTES] for start in starts]


def test_reordered_repeated_dropped_and_added_chunks_are_noticed() -> None:
    header, (a, b, c) = chunks_of(seal(plain(3 * CHUNK_BYTES), KEY, CONTEXT))
    for chunks in ([b, a, c], [a, a, b, c], [a, c], [b, c], [a, b, c, c], [a, c, b]):
        with pytest.raises(ContentTampered):
            opened(header + b"".join(chunks))


def test_a_chunk_of_another_object_is_noticed() -> None:
    header, (a, _) = chunks_of(seal(plain(2 * CHUNK_BYTES), KEY, CONTEXT))
    _, (_, other) = chunks_of(seal(plain(2 * CHUNK_BYTES), KEY, CONTEXT))
    with pytest.raises(ContentTampered):
        opened(header + a + other)


def test_bytes_after_the_end_are_noticed() -> None:
    for size in (0, 5, CHUNK_BYTES):
        with pytest.raises(ContentTampered):
            opened(seal(plain(size), KEY, CONTEXT) + b"x")


def test_another_key_or_context_opens_nothing() -> None:
    sealed = seal(b"content", KEY, CONTEXT)
    with pytest.raises(ContentTampered):
        opened(sealed, key=bytes(32))
    with pytest.raises(ContentTampered):
        opened(sealed, context=b"whose it isn't")


def test_chunks_are_yielded_before_the_whole_object_has_come() -> None:
    sealed = seal(plain(3 * CHUNK_BYTES), KEY, CONTEXT)
    seen = 0

    def pieces() -> Iterator[bytes]:
        nonlocal seen
        for start in range(0, len(sealed), CHUNK_BYTES):
            seen += 1
            yield sealed[start : start + CHUNK_BYTES]

    assert next(unseal(pieces(), KEY, CONTEXT)) == plain(3 * CHUNK_BYTES)[:CHUNK_BYTES]
    assert seen == 2


def test_a_sealer_holds_back_no_more_than_one_chunk() -> None:
    sealer = Sealer(KEY, CONTEXT)
    given_out = taken_in = 0
    for size in (1, CHUNK_BYTES, 5, 3 * CHUNK_BYTES, CHUNK_BYTES):
        taken_in += size
        given_out += len(sealer.update(plain(size)))
        assert taken_in - given_out <= CHUNK_BYTES


def test_the_same_content_never_seals_to_the_same_bytes() -> None:
    assert len({seal(b"content", KEY, CONTEXT) for _ in range(50)}) == 50


def test_a_finished_object_takes_nothing_more() -> None:
    sealer = Sealer(KEY, CONTEXT)
    sealer.finish()
    with pytest.raises(ValueError, match="finished"):
        sealer.update(b"more")
    with pytest.raises(ValueError, match="finished"):
        sealer.finish()


def test_a_chunk_opens_only_under_its_number_and_flag() -> None:
    header = seal(b"", KEY, CONTEXT)[:HEADER_BYTES]
    cipher = ChunkCipher(KEY, header, CONTEXT)
    sealed = cipher.seal(1, b"chunk", last=False)
    assert cipher.open(1, sealed, last=False) == b"chunk"
    for number, last in ((0, False), (2, False), (1, True)):
        with pytest.raises(ContentTampered):
            cipher.open(number, sealed, last=last)


@pytest.mark.parametrize("size", [0, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + SEALED_CHUNK_BYTES + 16])
def test_a_size_that_no_object_has_is_refused(size: int) -> None:
    with pytest.raises(ContentTampered):
        plain_size(size)
