"""The index of an MP4 that is cut off: what has to follow it, so that what it holds can be used.

Sizes that are missing are zeros: samples without a byte. Places that are missing are guessed: samples mostly stand one
behind the other. Source: ISO/IEC 14496-12, section 8.
"""

import struct
from collections.abc import Iterator
from itertools import accumulate, islice, pairwise, repeat

MOST_INDEX_BYTES = 16 << 20  # about that of a day
_CONTAINERS = frozenset([b"moov", b"trak", b"mdia", b"minf", b"stbl"])
_PLACES = {b"stco": 4, b"co64": 8}  # and the bytes of each
_TABLE = 16  # bytes of a table's header, with its count


def completion(begun: bytes, length: int, samples_at: int) -> bytes:
    """What makes `begun`, an index cut off, one of `length` bytes. `samples_at`: where the file's first sample is."""
    if length > MOST_INDEX_BYTES:
        return b""
    index = bytearray(begun.ljust(length, b"\0"))
    tables, at, end = {}, 8, length
    while at + 8 <= len(begun):
        size, kind = struct.unpack(">I4s", begun[at : at + 8])
        if size < 8:
            return b""
        if at + size <= len(begun):
            tables[kind] = at
            at += size
        elif kind in _CONTAINERS:
            tables, end, at = {}, min(end, at + size), at + 8
        else:
            tables[kind] = at
            break
    _fill_places(index, tables, len(begun), end, samples_at)
    return bytes(index[len(begun) :])


def _fill_places(index: bytearray, tables: dict[bytes, int], known: int, end: int, samples_at: int) -> None:
    if b"stsc" not in tables or b"stsz" not in tables:
        return
    kind = next((kind for kind in _PLACES if kind in tables), b"stco")
    width = _PLACES[kind]
    at = tables.get(kind, _end_of(index, tables[b"stsz"]))
    room = max(0, end - at - _TABLE) // width
    sizes = [*islice(_chunk_sizes(index, tables[b"stsc"], tables[b"stsz"]), room + 1)]
    if len(sizes) > room:
        return
    struct.pack_into(">I4sII", index, at, _TABLE + width * len(sizes), kind, 0, len(sizes))
    place = samples_at
    for number, size in enumerate(sizes):
        entry = at + _TABLE + width * number
        if entry + width <= known:
            place = int.from_bytes(index[entry : entry + width], "big")
        else:
            index[entry : entry + width] = min(place, (1 << 8 * width) - 1).to_bytes(width, "big")
        place += size


def _end_of(index: bytearray, at: int) -> int:
    return at + int.from_bytes(index[at : at + 4], "big")


def _chunk_sizes(index: bytearray, chunks_at: int, sizes_at: int) -> Iterator[int]:
    """Bytes of each chunk, by how many samples it has and how large these are."""
    same, count = struct.unpack_from(">II", index, sizes_at + 12)
    there = (min(len(index), _end_of(index, sizes_at)) - sizes_at - 20) // 4
    count = count if same else max(0, min(count, there))
    sizes = () if same else struct.unpack_from(f">{count}I", index, sizes_at + 20)
    ends = [0, *accumulate(sizes)]
    sample = 0
    for in_chunk in _samples_in_chunks(index, chunks_at):
        after = min(count, sample + in_chunk)
        yield same * (after - sample) if same else ends[after] - ends[sample]
        sample = after
        if sample >= count:
            return


def _samples_in_chunks(index: bytearray, at: int) -> Iterator[int]:
    """How many samples each chunk has; the last number without end."""
    count = min(int.from_bytes(index[at + 12 : at + 16], "big"), (_end_of(index, at) - at - _TABLE) // 12)
    runs = [struct.unpack_from(">II", index, at + _TABLE + 12 * number) for number in range(count)]
    for (first, in_chunk), (following, _) in pairwise([*runs, (1 << 32, 0)]):
        if in_chunk:
            yield from repeat(in_chunk, max(0, following - first))
