"""A POST over a bare socket, for clients that don't do what is expected of them."""

import json
import socket
from types import TracebackType
from typing import Any, Self


class RawPost:
    """A multipart POST (boundary `b`) in chunked encoding, sent piece by piece."""

    def __init__(self, address: tuple[str, int], token: str | None = None) -> None:
        self._socket = socket.create_connection(address, timeout=30)
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._socket.sendall(
            f"POST /v1/smelts HTTP/1.1\r\nHost: test\r\n{authorization}Transfer-Encoding: chunked\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
        )

    def send(self, data: bytes) -> None:
        self._socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def reply(self) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, headers (lower case) and the JSON body; waits for all of it."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += self._more()
        return int(status_line.split()[1]), headers, json.loads(body)

    def hang_up(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        assert data, "the connection was closed before the reply was whole"
        return data
