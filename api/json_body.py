"""A JSON POST: texts and fields, checked by shape and turned into what a form would have brought."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.errors import ApiError, Fault
from api.form import MAX_FIELDS, Form, too_many_fields


@dataclass(frozen=True, slots=True)
class JsonText:
    """One entry of `texts`."""

    filename: str | None
    text: str


def parse_json(body: bytes, form: Form, most_texts: int) -> list[JsonText]:
    """The texts; the fields go into `form`, with a fault for each that has the wrong shape.

    A few bytes of JSON can make a fault, so what is looked at is bounded: of the texts one more than `most_texts`,
    which shows that there are too many. Raises ApiError `malformed_body`: not JSON, or not an object;
    `validation_failed`: more than `MAX_FIELDS` values.
    """
    try:
        document: Any = json.loads(body, object_pairs_hook=lambda pairs: _object(pairs, form))
    except (ValueError, RecursionError):
        raise ApiError("malformed_body", "The body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise ApiError("malformed_body", "The body must be a JSON object.")
    texts = document.pop("texts", None)
    if sum(len(value) if isinstance(value, list) else 1 for value in document.values()) > MAX_FIELDS:
        raise too_many_fields(form)
    for name, value in document.items():
        _add_field(form, name, value)
    return list(_texts(texts, form, most_texts + 1))


def _object(pairs: list[tuple[str, Any]], form: Form) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs) and not form.faults:
        form.faults.append(Fault("duplicate_field", "A JSON object has the same member twice."))
    return members


def _add_field(form: Form, name: str, value: Any) -> None:
    single, repeated = form.fields.single, form.fields.repeated
    if value is None and name in single | repeated:
        return
    if name in repeated:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            form.bad(name, "Must be a list of strings.")
            return
        for item in value:
            form.add(name, item)
    elif name not in single or type(value) is (int if name == "content_ttl" else str):
        form.add(name, str(value))
    else:
        form.bad(name, "Must be a number of seconds." if name == "content_ttl" else "Must be a string.")


def _texts(value: Any, form: Form, most: int) -> Iterator[JsonText]:
    if value is None:
        return
    if not isinstance(value, list):
        form.bad("texts", "Must be a list.")
        return
    for position, item in enumerate(value[:most]):
        text = _text(item)
        if text is None:
            form.faults.append(
                Fault("invalid_value", 'Must be a string or {"filename", "text"}.', "texts", position)
            )
        else:
            yield text


def _text(item: Any) -> JsonText | None:
    if isinstance(item, str):
        return JsonText(None, item)
    if isinstance(item, dict) and item.keys() <= {"filename", "text"} and isinstance(item.get("text"), str):
        filename = item.get("filename")
        if filename is None or isinstance(filename, str):
            return JsonText(filename, item["text"])
    return None
