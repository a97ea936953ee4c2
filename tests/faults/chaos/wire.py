"""What a client says to its engine, read from the bytes that pass: Postgres's statements, Redis's commands."""

import struct
from collections.abc import Iterator

# Of the messages without a type: those that are answered with one byte, and followed by another of them.
ENCRYPTION_REQUESTS = (80877103, 80877104)


class PostgresClient:
    """Yields the SQL of each statement, by the simple (Query) or the extended protocol (Parse)."""

    def __init__(self) -> None:
        self._buffer = b""
        self._started = False

    def read(self, data: bytes) -> Iterator[str]:
        self._buffer += data
        while (message := self._message()) is not None:
            kind, body = message
            if kind == b"Q":
                yield body.partition(b"\0")[0].decode()
            elif kind == b"P":
                yield body.split(b"\0", 2)[1].decode()

    def _message(self) -> tuple[bytes, bytes] | None:
        """The next whole message: its type and its body."""
        start = 1 if self._started else 0
        if len(self._buffer) < start + 4:
            return None
        end = start + struct.unpack_from(">i", self._buffer, start)[0]
        if len(self._buffer) < end:
            return None
        kind, body, self._buffer = self._buffer[:start], self._buffer[start + 4 : end], self._buffer[end:]
        if not self._started:
            self._started = struct.unpack_from(">i", body)[0] not in ENCRYPTION_REQUESTS
        return kind, body


class RedisClient:
    """Yields each command as its words: an array of bulk strings (RESP)."""

    def __init__(self) -> None:
        self._buffer = b""

    def read(self, data: bytes) -> Iterator[list[bytes]]:
        self._buffer += data
        while (command := self._command()) is not None:
            yield command

    def _command(self) -> list[bytes] | None:
        words: list[bytes] = []
        count, place = self._number(0, b"*")
        while count is not None and len(words) < count:
            length, place = self._number(place, b"$")
            if length is None or len(self._buffer) < place + length + 2:
                return None
            words.append(self._buffer[place : place + length])
            place += length + 2
        if count is None:
            return None
        self._buffer = self._buffer[place:]
        return words

    def _number(self, place: int, mark: bytes) -> tuple[int | None, int]:
        """The number of a line such as `*3`, None while the line isn't whole, and where the next one begins."""
        end = self._buffer.find(b"\r\n", place)
        if end < 0:
            return None, place
        assert self._buffer[place : place + 1] == mark, "not what redis-py sends"
        return int(self._buffer[place + 1 : end]), end + 2
