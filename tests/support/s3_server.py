"""A small S3 on plain HTTP: objects of one bucket, path-style, whole requests only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

NO_BUCKET = b"<Error><Code>NoSuchBucket</Code></Error>"
NO_LIST = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"


@dataclass
class S3Server:
    """`bucket`: the one that there is. `refuse`: a status that each request gets. `asked`: methods and paths."""

    address: str
    bucket: str = "content"
    refuse: int | None = None
    asked: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    def let_in(self, patch: pytest.MonkeyPatch) -> None:
        """Sets what obstore looks for in the environment."""
        patch.setenv("AWS_ENDPOINT_URL", self.address)
        patch.setenv("AWS_ACCESS_KEY_ID", "id")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def answer(self) -> None:
        s3 = self.server.s3
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        s3.asked.append(f"{self.command} {self.path}")
        bucket, _, name = urlsplit(self.path).path[1:].partition("/")
        if s3.refuse is not None:
            self.reply(s3.refuse)
        elif bucket != s3.bucket:
            self.reply(404, NO_BUCKET)
        elif self.command in ("PUT", "POST", "DELETE"):
            self.change(name, body)
        elif not name:
            self.reply(200, NO_LIST)
        elif name in s3.objects:
            self.give(s3.objects[name])
        else:
            self.reply(404)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the base's names

    def change(self, name: str, body: bytes) -> None:
        objects = self.server.s3.objects
        if self.command == "PUT":
            objects[name] = body
            self.reply(200)
        elif self.command == "DELETE":
            objects.pop(name, None)
            self.reply(204)
        else:  # `?delete`
            gone = [known for known in objects if known.encode() in body]
            for known in gone:
                del objects[known]
            listed = "".join(f"<Deleted><Key>{known}</Key></Deleted>" for known in gone)
            self.reply(200, f"<DeleteResult>{listed}</DeleteResult>".encode())

    def give(self, content: bytes) -> None:
        wanted = self.headers.get("range")
        if wanted is None:
            self.reply(200, content)
            return
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        part = content[int(start) : int(end) + 1]
        self.reply(206, part, f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}")

    def reply(self, status: int, body: bytes = b"", content_range: str | None = None) -> None:
        self.send_response(status)
        self.send_header("etag", '"one"')
        self.send_header("last-modified", "Fri, 27 Nov 2026 00:00:00 GMT")
        self.send_header("content-length", str(len(body)))
        if content_range is not None:
            self.send_header("content-range", content_range)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    s3: S3Server


@contextmanager
def running_s3() -> Iterator[S3Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.s3 = S3Server(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.s3
        server.shutdown()
