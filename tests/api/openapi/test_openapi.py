"""The description of the API: an example for every call, each of which its own schema accepts."""

import asyncio
import threading
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import jsonschema_rs
import pytest

from api import routes
from api.app import create_app
from pipeline.settings import Settings

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return create_app(Settings(metrics_port=8000)).openapi()


def test_metrics_are_described_only_where_they_are_public() -> None:
    assert "/metrics" not in create_app(Settings()).openapi()["paths"]
    assert "/metrics" not in create_app(Settings(metrics_port=9000)).openapi()["paths"]


def test_the_description_is_made_once_and_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes half a second."""
    app, made = create_app(Settings()), list[int]()

    def openapi() -> Json:
        made.append(threading.get_ident())
        return {"openapi": "3.1.0"}

    async def asked() -> list[bytes]:
        return await asyncio.gather(*(app.described() for _ in range(9)))

    monkeypatch.setattr(app, "openapi", openapi)
    assert asyncio.run(asked()) == [b'{"openapi":"3.1.0"}'] * 9
    assert len(made) == 1
    assert made[0] != threading.get_ident()


def bodies(document: Json) -> Iterator[tuple[str, Json]]:
    """What each operation takes and gives, errors too: by name, with its schema and examples."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [reply.get("content", {}) for reply in operation["responses"].values()]
            for content in contents:
                for media_type, body in content.items():
                    yield f"{method} {path} {media_type}", body


def resolved(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return document["components"]["schemas"][name] if name else schema


def example_of(document: Json, body: Json) -> Any:
    return body.get("example") or resolved(document, body.get("schema", {})).get("example")


def test_each_call_is_described(document: Json) -> None:
    modules = [import_module(f"{routes.__name__}.{found.name}") for found in iter_modules(routes.__path__)]
    called = {
        (route.path, method.lower())
        for module in modules
        for route in module.router.routes
        if route.include_in_schema
        for method in route.methods
    }
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert described == called
    assert ("/metrics", "get") in described


def test_both_posts_that_make_a_smelt_take_an_idempotency_key(document: Json) -> None:
    for path in ("/v1/smelts", "/v1/audio/transcriptions"):
        headers = [
            each["name"] for each in document["paths"][path]["post"]["parameters"] if each["in"] == "header"
        ]
        assert headers == ["Idempotency-Key"]


def test_each_call_has_an_example_of_what_it_takes_and_gives(document: Json) -> None:
    named = dict(bodies(document))
    assert len(named) > 40
    assert [name for name, body in named.items() if example_of(document, body) is None] == []


def test_each_example_is_valid(document: Json, subtests: pytest.Subtests) -> None:
    for name, body in bodies(document):
        with subtests.test(body=name):
            schema = {**body["schema"], "components": document["components"]}
            example = example_of(document, body)
            assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(example)] == []
