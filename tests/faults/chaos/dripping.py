"""A service of sign-in keys that sends a byte every two seconds, and never comes to an end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE = 2.0  # seconds
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def dripping_keys() -> Iterator[str]:
    """Its URL, as long as the block runs."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(HEAD)
                while not over.wait(PAUSE):
                    connection.sendall(b" ")
            except OSError:  # who asked has had enough
                return

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()
