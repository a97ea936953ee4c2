"""The content store: every input, transcript and result, sealed, under names that say whose they are.

Content is sealed before it leaves the process and opened after it comes back (`pipeline/content/sealing.py`); the
place that holds it sees ids and sizes only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

from pipeline.content.bucket import Bucket
from pipeline.content.folder import Folder
from pipeline.content.guarded_objects import GuardedObjects
from pipeline.content.objects import Objects
from pipeline.content.retrying_reader import retrying
from pipeline.content.sealed_reader import SealedReader
from pipeline.content.sealing import Sealer, seal, unseal
from pipeline.content.writer import ContentWriter

STREAM_BYTES = 4 * 1024 * 1024  # fetched by one request while streaming


class Kind(StrEnum):
    INPUT = "input"
    TRANSCRIPT = "transcript"
    RESULT = "result"
    HEARD = "heard"  # of a recording that is being heard: one object after the other
    VOCABULARY = "vocabulary"
    PROMPT = "prompt"
    SPEAKERS = "speakers"  # the names that a client gave to those of one recording


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What an object is. The attempt keeps a worker without a lease from overwriting its successor's work.

    `number`: from 1, where there are several of a kind.
    """

    smelt_id: UUID
    row_id: UUID  # the file's, the output's, or the smelt's own
    kind: Kind
    attempt: int = 0
    number: int = 0

    @property
    def path(self) -> str:
        one = f"{self.smelt_id}/{self.row_id}.{self.kind}.{self.attempt}"
        return f"{one}.{self.number}" if self.number else one

    @property
    def context(self) -> bytes:
        """The same facts as associated data: under another name the object doesn't open."""
        return (
            b"object:"
            + self.smelt_id.bytes
            + self.row_id.bytes
            + self.attempt.to_bytes(8, "big")
            + self.kind.encode()
            + (b".%d" % self.number if self.number else b"")
        )


class ContentStore:
    """Sealed objects by name. `key` is always the smelt's 32-byte content key. Thread-safe.

    Every method raises ContentUnavailable if the store doesn't answer or has no room; those that read raise
    ContentMissing and ContentTampered.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @classmethod
    def open_url(
        cls,
        url: str,
        *,
        allow_http: bool = False,
        make: bool = True,
        hasty: bool = False,
        guarded: bool = False,
    ) -> Self:
        """`file:///absolute/folder` (made, private), `s3://`, `gs://` or `az://`.

        `allow_http`: whether a bucket's endpoint may be plain HTTP (content is sealed; ids and sizes show). `make`:
        whether a folder that isn't there is made; who comes while others use it takes it for away instead.
        `hasty`: a bucket's requests are tried once, for a few seconds. `guarded`: while the store is away one call a
        pause tries it, and the others raise ContentUnavailable at once.

        Raises ValueError, without the URL's text, for any other, or for a folder that others may enter.
        """
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            objects: Objects = Folder(Path(unquote(parts.path)), make=make)
        elif parts.scheme in ("s3", "gs", "az") and parts.netloc:
            objects = Bucket.open_url(url, allow_http=allow_http, hasty=hasty)
        else:
            raise ValueError("the content URL must begin with file:///, s3://, gs:// or az://")
        return cls(GuardedObjects(objects) if guarded else objects)

    def put(self, name: ObjectName, key: bytes, data: bytes) -> None:
        """Stores one object: whole and durable once this returns; if it raises, nothing is stored."""
        self._objects.put(name.path, seal(data, key, name.context))

    def put_all(self, objects: Sequence[tuple[ObjectName, bytes]], key: bytes) -> None:
        """The same of several objects of one smelt; if it raises, some may be stored."""
        self._objects.put_all([(name.path, seal(data, key, name.context)) for name, data in objects])

    async def writer(self, name: ObjectName, key: bytes) -> ContentWriter:
        """Begins an object that arrives piece by piece: an `async with` context, or close or abort it."""
        return ContentWriter(Sealer(key, name.context), self._objects.upload(name.path))

    def room(self, floor: int | None) -> float:
        """Bytes that may be stored before less than `floor` are free; of a bucket as many as anyone likes.

        None: 1 GB, or a twentieth of a smaller disk.
        """
        return self._objects.room(floor)

    def get(self, name: ObjectName, key: bytes) -> bytes:
        """The whole content, in memory."""
        return b"".join(self.stream(name, key))

    def stream(self, name: ObjectName, key: bytes) -> Iterator[bytes]:
        """The content, up to 64 KiB at a time. Only the iterator's end shows that nothing was missing.

        ContentMissing is raised by the call, before anything is iterated.
        """
        size = self._objects.size(name.path)
        return unseal(self._sealed(name.path, size), key, name.context)

    def open(self, name: ObjectName, key: bytes) -> SealedReader:
        """The content as a seekable file, whose reading waits out short outages; refuses a cut object at once."""
        path = name.path
        return SealedReader(
            retrying(lambda start, end: self._objects.read(path, start, end)),
            self._objects.size(path),
            key,
            name.context,
        )

    def open_to_serve(self, name: ObjectName, key: bytes) -> SealedReader:
        """The same for somebody who waits: an outage is reported, and one block is kept, since it is read once."""
        path = name.path
        return SealedReader(
            lambda start, end: self._objects.read(path, start, end),
            self._objects.size(path),
            key,
            name.context,
            cached_blocks=1,
        )

    def delete(self, name: ObjectName) -> None:
        """Deletes one object, if it is there."""
        self._objects.delete(name.path)

    def delete_smelt(self, smelt_id: UUID) -> int:
        """Deletes all of a smelt's objects, also what crashed uploads left; returns how many there were.

        A bucket's unfinished multipart uploads are invisible to it: they are for the bucket's lifecycle rule.
        """
        return self._objects.delete_under(str(smelt_id))

    def smelts(self, older_than: datetime, on_tick: Callable[[], None] = lambda: None) -> Iterator[UUID]:
        """Smelts whose objects were all last written before that time (aware), for the sweep of orphans.

        `on_tick` is called while they are looked for, also where there are none: what it raises ends the search.
        """
        for folder, newest in self._objects.newest(on_tick):
            if newest < older_than and (smelt_id := _smelt_id(folder)) is not None:
                yield smelt_id

    def _sealed(self, path: str, size: int) -> Iterator[bytes]:
        for start in range(0, size, STREAM_BYTES):
            yield self._objects.read(path, start, min(start + STREAM_BYTES, size))


def _smelt_id(folder: str) -> UUID | None:
    try:
        return UUID(folder)
    except ValueError:
        return None  # not ours: leave it alone
