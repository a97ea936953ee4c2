"""Objects in a bucket of S3, Google Cloud Storage or Azure, through obstore.

An upload that is aborted is aborted at the provider too. What a killed process or a failed last step leaves
there is an unfinished multipart upload, which no listing shows: the bucket needs a lifecycle rule that ends
those after a day.

Durability and the privacy of objects are the provider's; credentials come from where its own tools look for
them. Open the store in the process that uses it: obstore's threads don't survive a fork.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from pipeline.content.bucket_reasons import NO_BUCKET, reason
from pipeline.content.errors import ContentMissing, ContentUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

PART_BYTES = 5 * 1024 * 1024  # the smallest part that S3 takes
PARTS_IN_FLIGHT = 2
DELETED_AT_ONCE = 1_000

# A request carries at most one part or one range, so a minute is generous; retries end within a lease or two.
CLIENT: "ClientConfig" = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
RETRIES: "RetryConfig" = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
}
# Of who only wants to know whether it answers.
HASTY_CLIENT: "ClientConfig" = {"connect_timeout": timedelta(seconds=2), "timeout": timedelta(seconds=4)}
HASTY_RETRIES: "RetryConfig" = {"max_retries": 0, "retry_timeout": timedelta(seconds=4)}


@contextmanager
def _translated() -> Iterator[None]:
    """Of what asks for no object: even "not found" is about the bucket then."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise ContentUnavailable(reason(error)) from error


@contextmanager
def _reading(store: "ObjectStore", path: str) -> Iterator[None]:
    """Raises ContentMissing, unless it is the bucket that isn't there."""
    with _translated():
        try:
            yield
        except FileNotFoundError as error:
            if _is_gone(store, path.partition("/")[0]):
                raise ContentUnavailable(reason(error)) from error
            raise ContentMissing from error


def _is_gone(store: "ObjectStore", folder: str) -> bool:
    """Whether the bucket itself isn't there: to a HEAD of an object that answers like the object's absence."""
    try:
        next(iter(obstore.list(store, folder)), None)
    except (BaseError, OSError) as error:
        return NO_BUCKET in str(error)  # obstore has no error of its own for it; else the first answer stands
    return False


class Bucket:
    """Objects in one obstore store. Thread-safe."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    @classmethod
    def open_url(cls, url: str, *, allow_http: bool = False, hasty: bool = False) -> "Bucket":
        """`s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`. Makes no request.

        `allow_http`: for a server inside one's own network. It has to be said here: the options given to
        obstore replace those that it would take from the environment (`AWS_ALLOW_HTTP` and the like). `hasty`: each
        request is tried once, for a few seconds.
        """
        client, retries = (HASTY_CLIENT, HASTY_RETRIES) if hasty else (CLIENT, RETRIES)
        options: ClientConfig = {**client, "allow_http": allow_http}
        return cls(from_url(url, client_options=options, retry_config=retries))

    def put(self, path: str, data: bytes) -> None:
        with _translated():
            obstore.put(self._store, path, data, chunk_size=PART_BYTES, max_concurrency=PARTS_IN_FLIGHT)

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        for path, data in objects:
            self.put(path, data)

    def upload(self, path: str) -> "BucketUpload":
        return BucketUpload(self._store, path)

    def room(self, floor: int | None) -> float:  # noqa: ARG002 - a bucket tells of no end
        return math.inf

    def size(self, path: str) -> int:
        with _reading(self._store, path):
            return obstore.head(self._store, path)["size"]

    def read(self, path: str, start: int, end: int) -> bytes:
        with _reading(self._store, path):
            return bytes(obstore.get_range(self._store, path, start=start, end=end))

    def delete(self, path: str) -> None:
        try:
            with _reading(self._store, path):
                obstore.delete(self._store, path)
        except ContentMissing:
            return  # some providers mind, others don't; it is gone

    def delete_under(self, folder: str) -> int:
        with _translated():
            paths = [meta["path"] for page in obstore.list(self._store, folder) for meta in page]
        for start in range(0, len(paths), DELETED_AT_ONCE):
            self._delete_all(paths[start : start + DELETED_AT_ONCE])
        return len(paths)

    def _delete_all(self, paths: list[str]) -> None:
        try:
            with _reading(self._store, paths[0]):
                obstore.delete(self._store, paths)
        except ContentMissing:
            # Another deletes them too, and the call may have stopped at the first that was gone.
            for path in paths:
                self.delete(path)

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        newest: dict[str, datetime] = {}
        with _translated():
            for page in obstore.list(self._store, chunk_size=DELETED_AT_ONCE):
                on_tick()
                for meta in page:
                    folder, modified = meta["path"].partition("/")[0], meta["last_modified"].astimezone(UTC)
                    newest[folder] = max(modified, newest.get(folder, modified))
        yield from newest.items()


class BucketUpload:
    """A multipart upload; an object of less than one part goes in one request. Memory: at most four parts.

    In threads, with obstore's sync calls: each of its async calls leaves a callback into Python to a thread of
    its own, and one that comes while the interpreter is ending aborts the process.
    """

    def __init__(self, store: "ObjectStore", path: str) -> None:
        self._store = store
        self._path = path
        self._writer = obstore.open_writer(
            store, path, buffer_size=PART_BYTES, max_concurrency=PARTS_IN_FLIGHT
        )
        self._closing = False

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._write, data)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    async def abort(self) -> None:
        await asyncio.to_thread(self._abort)

    def _write(self, data: bytes) -> None:
        with _translated():
            self._writer.write(data)

    def _close(self) -> None:
        self._closing = True
        with _translated():
            self._writer.close()

    def _abort(self) -> None:
        if not self._closing:
            with _translated():
                # Leaving the writer's context with an error aborts it; `close` would store a cut object.
                self._writer.__exit__(ContentUnavailable, ContentUnavailable(), None)
            return
        try:
            with _reading(self._store, self._path):
                obstore.delete(self._store, self._path)
        except ContentMissing:
            return  # the close had failed
