"""The names that a client gives to a recording's speakers.

They are content: sealed in the content store, and nowhere else.
"""

import json
from collections.abc import Mapping
from uuid import UUID

from pipeline.content.errors import ContentMissing
from pipeline.content.store import ContentStore, Kind, ObjectName

MOST_NAME_CHARS = 100


def names_object(smelt_id: UUID, file_id: UUID, attempt: int) -> ObjectName:
    """`attempt`: the one whose transcript has the speakers."""
    return ObjectName(smelt_id, file_id, Kind.SPEAKERS, attempt)


def read_names(store: ContentStore, name: ObjectName, key: bytes) -> dict[str, str]:
    """By label; none where none were given. Raises ContentUnavailable, ContentTampered."""
    try:
        stored = store.get(name, key)
    except ContentMissing:
        return {}
    return {str(label): str(given) for label, given in json.loads(stored).items()}


def write_names(store: ContentStore, name: ObjectName, key: bytes, names: Mapping[str, str]) -> None:
    """In place of those before. Raises ContentUnavailable."""
    store.put(name, key, json.dumps(names, ensure_ascii=False).encode())
