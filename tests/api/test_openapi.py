"""The description of the API: an example for every call, each of which its own schema accepts."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from api.app import create_app
from pipeline.settings import Settings

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return create_app(Settings()).openapi()


def bodies(document: Json) -> Iterator[tuple[str, Json]]:
    """What each operation takes and, where it succeeds, gives: by name, with its schema and examples."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [
                reply.get("content", {})
                for status, reply in operation["responses"].items()
                if status[0] == "2"
            ]
            for content in contents:
                for media_type, body in content.items():
                    yield f"{method} {path} {media_type}", body


def resolved(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return document["components"]["schemas"][name] if name else schema


def example_of(document: Json, body: Json) -> Any:
    return body.get("example") or resolved(document, body.get("schema", {})).get("example")


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
