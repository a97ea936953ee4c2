"""Texts in any encoding, however they are cut, or a refusal."""

import codecs
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SmeltError
from pipeline.states import ErrorCode
from pipeline.text_input import TextDecoder

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-mark", "utf-32", "utf-32-be-mark"]
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
READABLE = st.characters(blacklist_categories=["Cs", "Cc"])
LEFT_OUT = b"\x1a\x1b"  # may begin what isn't text


def encoded(text: str, encoding: str) -> bytes:
    if encoding.endswith("-mark"):
        return ("\ufeff" + text).encode(encoding.removesuffix("-mark"))
    return text.encode(encoding)


def decoded(chunks: list[bytes]) -> str:
    decoder = TextDecoder()
    return (b"".join(map(decoder.feed, chunks)) + decoder.finish()).decode()


def refusal(data: bytes) -> SmeltError:
    with pytest.raises(SmeltError) as caught:
        decoded([data])
    return caught.value


@given(text=st.text(READABLE), encoding=st.sampled_from(ENCODINGS), cuts=st.lists(st.integers(0, 300)))
def test_any_chunking_gives_the_same_text(text: str, encoding: str, cuts: list[int]) -> None:
    text = "notes: " + text
    data = encoded(text, encoding)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(edges)]
    assert decoded(chunks) == text


@given(st.binary(min_size=1, max_size=200) | st.text(READABLE, min_size=1).map(str.encode), st.integers(1, 7))
def test_any_bytes_give_their_text_or_a_refusal_however_they_are_cut(data: bytes, step: int) -> None:
    whole = outcome([data])
    assert outcome([data[at : at + step] for at in range(0, len(data), step)]) == whole
    if isinstance(whole, ErrorCode):
        assert whole in (ErrorCode.UNSUPPORTED_FORMAT, ErrorCode.EMPTY_INPUT)
    elif set(data) & set(LEFT_OUT) and not data.startswith(MARKS):
        rest = iter(data)
        assert len(whole.encode()) < len(data)
        assert all(byte in rest for byte in whole.encode())  # in their order, nothing added
    else:
        assert whole.encode() == data or data.startswith(MARKS)


def outcome(chunks: list[bytes]) -> str | ErrorCode:
    try:
        return decoded(chunks)
    except SmeltError as refused:
        return refused.code


@given(st.text(READABLE))
def test_no_readable_text_is_refused(text: str) -> None:
    assert outcome([f"notes: {text}".encode()]) == f"notes: {text}"


@pytest.mark.parametrize(
    "data", [b"caf\xe9 au lait", "Grüße".encode("cp1252"), "hi".encode("utf-16-le"), b"\xff"]
)
def test_encodings_that_would_have_to_be_guessed_are_refused(data: bytes) -> None:
    assert refusal(data).code is ErrorCode.UNSUPPORTED_FORMAT


def test_a_cut_character_is_refused() -> None:
    assert refusal("Grüß".encode()[:-1]).code is ErrorCode.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("control", [0, 1, 7, 8, 0x1B, 0x7F])
def test_control_characters_are_refused(control: int) -> None:
    assert refusal(b"notes " + bytes([control])).code is ErrorCode.UNSUPPORTED_FORMAT


def test_tabs_and_line_breaks_of_every_kind_stay() -> None:
    assert decoded([b"a\tb\r\nc\nd\re\x0cf\x0bg"]) == "a\tb\r\nc\nd\re\x0cf\x0bg"


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff", "\ufeff\ufeff", "\u200b\n", "\u00a0\u3000"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_of_white_space_is_empty(text: str, encoding: str) -> None:
    assert refusal(text.encode(encoding)).code is ErrorCode.EMPTY_INPUT


def test_the_refusal_does_not_quote_the_text() -> None:
    error = refusal("geheim ü".encode("latin-1"))
    assert "geheim" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_text_comes_out_before_the_end() -> None:
    decoder = TextDecoder()
    assert decoder.feed(b"first line\n") == b"first line\n"


COLOURED = (
    "\x1b[1;31mError\x1b[0m: no \x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07 \x1b(Bhere\x1b[K\r\n\x1a"
)


@given(st.lists(st.integers(0, len(COLOURED)), max_size=6), st.sampled_from(ENCODINGS))
def test_a_terminals_colours_and_the_mark_of_the_end_are_left_out(cuts: list[int], encoding: str) -> None:
    data = encoded(COLOURED, encoding)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert decoded([data[start:end] for start, end in pairwise(edges)]) == "Error: no link here\r\n"


@given(st.text(st.sampled_from("\x1b[]\\;:0m\x07(B\x1a a"), max_size=30), st.integers(1, 5))
def test_however_escapes_are_cut_into_chunks_the_text_is_the_same(text: str, step: int) -> None:
    data = b"notes " + text.encode()
    assert outcome([data[at : at + step] for at in range(0, len(data), step)]) == outcome([data])


@pytest.mark.parametrize(
    "text",
    [
        "a\x1b",
        "a\x1b[31",
        "a\x1b]0;title",
        "a\x1b]0;" + "x" * 3_000 + "\x07",
        "a\x1b[" + "0" * 100 + "m",
        "a\x1b\x1b[0m[31m",
    ],
)
def test_an_escape_that_is_none_is_no_text(text: str) -> None:
    assert refusal(text.encode()).code is ErrorCode.UNSUPPORTED_FORMAT


def test_a_text_of_nothing_but_colours_is_empty() -> None:
    assert refusal(b"\x1b[31m\x1b[0m\x1a").code is ErrorCode.EMPTY_INPUT


def test_what_goes_to_a_terminal_is_found_in_linear_time() -> None:
    """A megabyte of what could begin a sequence, at every character."""
    for piece in ("\x1b[", "\x1b]", "\x1b[0", "\x1b]0;"):
        refusal((piece * (1_000_000 // len(piece))).encode())
