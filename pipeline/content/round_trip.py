"""Whether the content store takes content and gives it back."""

from uuid import uuid4

from pipeline.content.errors import ContentTampered
from pipeline.content.keyring import new_content_key
from pipeline.content.store import ContentStore, Kind, ObjectName

CONTENT = b"a round trip"


def round_trip(store: ContentStore) -> None:
    """Stores an object, reads its size and a range, and deletes it. Raises ContentError.

    What a process that dies meanwhile leaves belongs to no smelt, and so goes with the orphans.
    """
    name, key = ObjectName(uuid4(), uuid4(), Kind.INPUT), new_content_key()
    store.put(name, key, CONTENT)
    try:
        if store.get(name, key) != CONTENT:
            raise ContentTampered
    finally:
        store.delete(name)
