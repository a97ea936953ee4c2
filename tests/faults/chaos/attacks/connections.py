"""Connections that are kept, and give nothing back."""

import socket
from contextlib import suppress

from tests.faults.chaos.attacks.target import Target, head
from tests.recordings import recording

PIECE = b" " * 600  # bytes a second of a slow post
UPLOADED = b" " * 65_536
BEGUN = 200  # connections a second
TINY = 2_048  # bytes of a window that is never read


def slow_posts(target: Target) -> None:
    """Each a little at a time; one that is ended is begun again."""
    post = head("POST", "/v1/smelts", Content_Type="application/json", Content_Length=1_000_000)
    _keep(target, target.size(1_000, 200), post, PIECE)


def unread_replies(target: Target) -> None:
    """Many requests on each connection, and no look at what comes of them."""
    asked = 60 * head("GET", "/openapi.json")
    _keep(target, target.size(200, 60), asked)


def streams(target: Target) -> None:
    events = head("GET", f"/v1/smelts/{target.smelt}/events", token=target.token)
    _keep(target, target.size(1_100, 200), events)


def unfinished_uploads(target: Target) -> None:
    """Some megabytes of a recording each, and no end to it."""
    size = target.size(20_000_000, 4_000_000)
    post = head(
        "POST",
        "/v1/smelts",
        token=target.token,
        Content_Type="multipart/form-data; boundary=b",
        Content_Length=150_000_000,
    )
    part = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\nRIFF    WAVE'
    held = [each for _ in range(40) if (each := target.connected(post + part)) is not None]
    sent = 0
    for _ in target.paced(20):
        for connection in held if sent < size else ():
            with suppress(OSError):
                connection.sendall(UPLOADED)
        sent += len(UPLOADED)
    _close(held)


def waiting_calls(target: Target) -> None:
    """Recordings that the scripted engine takes long for, each with a client that waits."""
    audio = recording("speech.mp3")

    def one() -> None:
        with target.client(target.token) as client:
            for _ in target.paced(0.2):
                target.ask(
                    client,
                    "POST",
                    "/v1/audio/transcriptions",
                    files={"file": ("speech.mp3", audio)},
                    data={"model": "whisper-1", "prompt": "script seconds=60"},
                )

    target.at_once(target.size(60, 20), one)


def _keep(target: Target, count: int, begin: str, piece: bytes = b"") -> None:
    """So many connections, begun alike, each sent `piece` once a second; those that were ended are begun again."""
    window = None if piece else TINY
    held: list[socket.socket] = []
    for _ in target.paced(1):
        begun = (target.connected(begin, window=window) for _ in range(min(count - len(held), BEGUN)))
        held += [connection for connection in begun if connection is not None]
        ended = [connection for connection in held if not _goes_on(connection, piece)]
        _close(ended)
        held = [connection for connection in held if connection not in ended]
    _close(held)


def _goes_on(connection: socket.socket, piece: bytes) -> bool:
    """Without reading more than one byte: a reply to a post ends it, one to the others doesn't."""
    connection.setblocking(False)
    with suppress(BlockingIOError):
        try:
            if piece:
                connection.send(piece)
            return connection.recv(1, socket.MSG_PEEK) != b"" and not piece
        except ConnectionError:
            return False
    return True


def _close(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.close()
