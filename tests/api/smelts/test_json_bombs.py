# ruff: noqa: UP031 - braces are what these bodies are about
"""What a JSON body may make the API do doesn't grow with it: memory stays flat, and others are answered meanwhile."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.support.api_processes import OneApi, one_api
from tests.support.api_watch import Watch, connection, goes_on
from tests.support.cast import Cast, make_cast
from tests.support.engines import Servers

SIZE = 31_000_000
MOST_GROWN = 100_000_000
INPUTS = 100


def repeated(text: str, size: int = SIZE) -> str:
    return text * (size // len(text.encode()))


BOMBS: dict[str, tuple[str, int]] = {
    "empty lists as texts": ('{"texts": [%s1]}' % repeated("[],"), 422),
    "empty objects as texts": ('{"texts": [%s1]}' % repeated("{},"), 422),
    "empty objects in a text": ('{"texts": [{"y": [%s1]}]}' % repeated("{},"), 422),
    "numbers as names": ('{"default_prompt_names": [%s1]}' % repeated("1,"), 422),
    "members of a text": ('{"texts": [{%s"a": 1}]}' % repeated('"a":1,'), 422),
    "members": ('{%s"a": 1}' % repeated('"a":1,'), 422),
    "lists in lists": ('{"texts": %s' % repeated("["), 400),
    "lists in lists that end": ('{"texts": [%s1%s]}' % ("[" * 100_000, "]" * 100_000), 400),
    "objects in objects": (repeated('{"a":'), 400),
    "a huge text of wide characters": ('{"texts": ["\U0001f600%s"]}' % repeated("a"), 413),
    "a huge text of escapes": ('{"texts": ["%s"]}' % repeated("\\u0061"), 413),
    "a huge text of pairs": ('{"texts": ["%s"]}' % repeated("\\ud83d\\ude00"), 413),
    "a huge name": ('{"texts": [{"filename": "%s"}]}' % repeated("\u0301"), 422),
    "a huge field": ('{"language": "%s"}' % repeated("\\u0301"), 422),
    "a huge key": ('{"%s": 1}' % repeated("\U0001f600"), 422),
    "a huge number": ('{"content_ttl": %s}' % repeated("1"), 400),
    "a huge word": ('{"content_ttl": %s}' % repeated("true"), 400),
    "blanks": ('{"texts":%s[]}' % repeated(" "), 422),
    "many texts": (json.dumps({"texts": ["b" * (SIZE // INPUTS)] * INPUTS}), 422),
    "too many texts": (json.dumps({"texts": ["b"] * (INPUTS + 1)}), 422),
}


@pytest.fixture(scope="module")
def api(servers: Servers, migrated_template: str) -> Iterator[OneApi]:
    with one_api(servers, migrated_template, credits_inputs=INPUTS) as api:
        yield api


@pytest.fixture(scope="module")
def cast(api: OneApi) -> Cast:
    cast = make_cast(api.owner_url, api.settings)
    for _ in range(4):
        _post(api, cast, b'{"texts": ["a"]}')  # what is loaded at the first post isn't the bomb's
    return cast


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_little_cost(api: OneApi, cast: Cast, name: str) -> None:
    text, status = BOMBS[name]
    body = text.encode()
    answers: list[int] = []

    def post() -> None:
        answers.append(_post(api, cast, body))

    with Watch(api) as watch:
        goes_on(api, post)
    assert set(answers) == {status}
    assert watch.grown < MOST_GROWN
    assert api.stored() == []


def test_bombs_at_once_are_refused_at_little_cost(api: OneApi, cast: Cast) -> None:
    bodies = [text.encode() for text, _ in BOMBS.values()]
    with Watch(api) as watch:
        _post_at_once(api, cast, bodies)
    assert watch.grown < MOST_GROWN
    assert api.stored() == []


def test_four_equal_bombs_at_once_hold_nobody_up(api: OneApi, cast: Cast) -> None:
    for name in ("empty objects as texts", "a huge text of escapes"):
        bodies = [BOMBS[name][0].encode()] * 4
        with Watch(api) as watch:
            goes_on(api, partial(_post_at_once, api, cast, bodies))
        assert watch.grown < MOST_GROWN


def _post_at_once(api: OneApi, cast: Cast, bodies: Sequence[bytes]) -> None:
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(partial(_post, api, cast), bodies))
    assert all(400 <= status < 500 for status in answers), answers


def _post(api: OneApi, cast: Cast, body: bytes) -> int:
    """The answer's status; 0 if the connection was closed before it could be read."""
    client = connection(api)
    try:
        client.request("POST", "/v1/smelts", body, {"Content-Type": "application/json", **cast.ada.headers})
        return client.getresponse().status
    finally:
        client.close()
