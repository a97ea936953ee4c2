"""What has been heard of a recording while the rest is heard: sealed objects, each with the passages since the last."""

from collections.abc import Sequence
from uuid import UUID

from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.speech.passage import Passage, passages_from_bytes, passages_to_bytes


def put_kept(content: ContentStore, name: ObjectName, key: bytes, passages: Sequence[Passage]) -> None:
    """Raises as `ContentStore.put` does."""
    content.put(name, key, passages_to_bytes(passages))


def read_kept(content: ContentStore, name: ObjectName, key: bytes) -> list[Passage]:
    """Raises as `ContentStore.get` does."""
    return passages_from_bytes(content.get(name, key))


def kept_name(smelt_id: UUID, file_id: UUID, attempt: int, number: int) -> ObjectName:
    """`number`: of a file's objects, from 1, whichever attempts made them."""
    return ObjectName(smelt_id, file_id, Kind.HEARD, attempt, number)
