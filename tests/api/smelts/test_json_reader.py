"""JSON is read as the standard library reads it, however it is cut into chunks, and refused where it would refuse."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.smelts.json_reader import MAX_DEPTH, JsonReader, TooManyValues

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)  # halves of characters too
DOCUMENTS = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
CUTS = st.lists(st.integers(1, 12), max_size=40)


async def _chunked(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    for size in cuts:
        yield body[:size]
        body = body[size:]
    yield body


async def _value(reader: JsonReader) -> Any:
    match await reader.peek():
        case "{":
            return {name: await _value(reader) async for name in reader.members()}
        case "[":
            return [await _value(reader) async for _ in reader.elements()]
        case '"':
            return "".join([piece async for piece in reader.string()])
        case _:
            return json.loads(await reader.scalar())


def read(body: bytes, cuts: list[int], most: int = 1_000) -> Any:
    async def whole() -> Any:
        reader = JsonReader(_chunked(body, cuts), most)
        value = await _value(reader)
        await reader.end()
        return value

    return asyncio.run(whole())


@given(DOCUMENTS, CUTS, st.booleans(), st.sampled_from([None, 1]))
def test_any_chunks_give_the_same_document(
    document: Any, cuts: list[int], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    try:
        body = text.encode()
    except UnicodeEncodeError:  # halves of characters can be told in escapes only
        body = json.dumps(document).encode()
    assert read(body, cuts) == json.loads(body)


BROKEN = [
    *(
        b"",
        b" ",
        b"{",
        b"[",
        b'"',
        b"[1",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b"[1,]",
        b"[,1]",
        b'{"a":1,}',
        b"{1:2}",
    ),
    *(
        b"[1 2]",
        b'{"a" 1}',
        b"1 2",
        b"[]]",
        b'"a',
        b'"\\x"',
        b'"\\u12g4"',
        b'"\\u12',
        b'"\\',
        b'"\n"',
        b'"\x00"',
    ),
    *(b"NaN", b"Infinity", b"-Infinity", b"01", b"1.", b".5", b"+1", b"1e", b"-", b"nul", b"nulls", b"True"),
    *(b"'a'", b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b"1" * 101, b"[" * (MAX_DEPTH + 1)),
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("cuts", [[], [1] * 40], ids=["whole", "byte by byte"])
def test_what_is_no_json_is_malformed(body: bytes, cuts: list[int]) -> None:
    with pytest.raises(ApiError) as caught:
        read(body, cuts)
    assert caught.value.code == "malformed_body"


def test_a_byte_order_mark_is_no_matter() -> None:
    assert read(b"\xef\xbb\xbf[1]", []) == [1]


def test_values_are_counted_wherever_they_are() -> None:
    assert read(b'[[], {"a": 1}]', [], most=3) == [[], {"a": 1}]
    with pytest.raises(TooManyValues):
        read(b'[[], {"a": 1}]', [], most=2)


def test_a_long_string_is_never_held_whole() -> None:
    async def longest() -> int:
        async def chunks() -> AsyncIterator[bytes]:
            yield b'"'
            for _ in range(1_000):
                yield b"\\u0041 a" * 100
            yield b'"'

        return max([len(piece) async for piece in JsonReader(chunks(), 0).string()])

    assert asyncio.run(longest()) <= 300


def test_a_short_string_is_cut_or_told_to_be_longer() -> None:
    def short(cut: bool) -> str | None:
        return asyncio.run(JsonReader(_chunked(b'"abcdef"', [3]), 0).short(4, cut=cut))

    assert short(cut=True) == "abcd"
    assert short(cut=False) is None
