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
LEFT_OUT = {*range(1, 0x20), 0x7F} - {*b"\t\n\x0b\x0c\r"}  # or may begin what isn't text


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
    elif set(data) & LEFT_OUT and not data.startswith(MARKS):
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


LOGS: list[tuple[bytes, str]] = [
    (b"make: done\x07\n", "make: done\n"),
    (
        b"N\x08NA\x08AM\x08ME\x08E\n       _\x08f_\x08i_\x08l_\x08e\n",
        "NAME\n       file\n",
    ),  # a manual's page
    (b"saving 9\x0810 of 20\n", "saving 10 of 20\n"),
    (b" 10%\x08\x08\x08\x08 20%\nab\x08\x08xy", " 20%\nxy"),
    (b"a\nb\x08\x08c\n", "a\nc\n"),
    (b"a line of DOS\r\n\x1a" + bytes(115), "a line of DOS\r\n"),
    (b"a \xc2\x9b1;31mred\xc2\x9b0m word", "a red word"),
    (b"<ann> \x02Friday\x02 it is, \x0304in red\x0f\n", "<ann> Friday it is, 04in red\n"),  # a chat's format
    (b'\x1e{"level": "info"}\n\x1e{"level": "debug"}\n', '{"level": "info"}\n{"level": "debug"}\n'),
    (b"id\x1fname\x1fcity of birth\n", "idnamecity of birth\n"),
    (b"\x0etqqk\x0f a drawn frame in line graphics\n", "tqqk a drawn frame in line graphics\n"),
    (b"\x1bc\x1b#8\x1bMafter a reset\x7f\n", "after a reset\n"),
    (b"\x1bP1;1q#0~~\x1b\\a picture\x1b_Gi=1\x1b\\ more\n", "a picture more\n"),
    (b"an escape that never ends \x1b[31", "an escape that never ends [31"),
]


@pytest.mark.parametrize(("data", "text"), LOGS)
@pytest.mark.parametrize("step", [1, 2, 3, 1_000])
def test_control_characters_of_a_log_are_left_out(data: bytes, text: str, step: int) -> None:
    assert decoded([data[at : at + step] for at in range(0, len(data), step)]) == text


@pytest.mark.parametrize(
    "data",
    [
        b"notes \0",
        b"notes x\0\x08",
        b"notes\x1a\0\0more",
        b"\x0a\x05Alice\x10\x01\x18\x02",  # a message of protobuf, which is UTF-8 by chance
        b"\x01\x02\x03\x04text",
        b"\x07" * 100,
    ],
)
def test_what_is_binary_is_refused(data: bytes) -> None:
    for step in (1, 1_000):
        chunks = [data[at : at + step] for at in range(0, len(data), step)]
        assert outcome(chunks) is ErrorCode.UNSUPPORTED_FORMAT


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
        "it ends\x1b",
        "it ends\x1b[31",
        "it ends\x1b]0;title",
        "it ends\x1b]0;" + "x" * 3_000 + "\x07",
        "it ends\x1b[" + "0" * 100 + "m",
        "it ends\x1b\x1b[0m[31m",
    ],
)
def test_of_an_escape_that_is_none_the_words_stay(text: str) -> None:
    assert decoded([text.encode()]) == text.replace("\x1b[0m", "").replace("\x1b", "").replace("\x07", "")


def test_a_text_of_nothing_but_colours_is_empty() -> None:
    assert refusal(b"\x1b[31m\x1b[0m\x1a").code is ErrorCode.EMPTY_INPUT


def test_what_goes_to_a_terminal_is_found_in_linear_time() -> None:
    """A megabyte of what could begin a sequence, at every character, or be struck over."""
    for piece in ("\x1b[", "\x1b]", "\x1b[0", "\x1b]0;", "a\x08\x08", "a\x08b", "\x1a\0"):
        outcome([(piece * (1_000_000 // len(piece))).encode()])
    outcome([b"a" * 500_000 + b"a\x08\x08" * 150_000])


def test_as_much_is_struck_over_as_was_written_on_the_line_however_it_is_cut() -> None:
    data = b"first\n" + b"x" * 900 + b"\x08" * 900 + b"second"
    for step in (1, 7, 2_000):
        assert decoded([data[at : at + step] for at in range(0, len(data), step)]) == "first\nsecond"
