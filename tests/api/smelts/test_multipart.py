"""A multipart body is read the same, however it is cut into chunks."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.smelts.multipart import Event, PartData, PartStart, boundary_of, events

BOUNDARY = b"frontier"


def encoded(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    body = b""
    for name, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        body += b"--frontier\r\n" + f'Content-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + b"--frontier--\r\n"


async def _chunked(body: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        yield body[:size]
        body = body[size:]
    yield body


def read(body: bytes, sizes: list[int]) -> list[tuple[str, str | None, bytes]]:
    async def collect() -> list[Event]:
        return [event async for event in events(_chunked(body, sizes), BOUNDARY)]

    parts: list[tuple[str, str | None, bytes]] = []
    for event in asyncio.run(collect()):
        if isinstance(event, PartStart):
            parts.append((event.name, event.filename, b""))
        elif isinstance(event, PartData):
            name, filename, content = parts[-1]
            parts[-1] = (name, filename, content + event.data)
    return parts


# Content that looks like a boundary is what a parser stumbles over.
CONTENT = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"\r\n--frontie", b"--frontier", b"x", b"\0"])).map(
    b"".join
)
NAMES = st.sampled_from(["files", "texts", "mode", "größe"])
PARTS = st.lists(
    st.tuples(
        NAMES,
        st.none() | st.just("a b.txt"),
        CONTENT.filter(lambda data: b"\r\n--frontier" not in b"\r\n" + data),
    ),
    min_size=1,
    max_size=4,
)


@given(PARTS, st.lists(st.integers(1, 40)))
def test_any_chunks_give_the_same_parts(parts: list[tuple[str, str | None, bytes]], sizes: list[int]) -> None:
    assert read(encoded(parts), sizes) == parts


@given(st.integers(0, 10_000))
def test_a_body_that_is_cut_off_is_malformed(cut: int) -> None:
    body = encoded([("files", "a.txt", b"content")]).removesuffix(b"--\r\n")
    with pytest.raises(ApiError) as caught:
        read(body[: cut % len(body)], [])
    assert caught.value.code == "malformed_body"


def test_a_boundary_may_be_quoted() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"
    with pytest.raises(ApiError):
        boundary_of("multipart/form-data; boundary=")
