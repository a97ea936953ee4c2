"""A proxy that puts a service below a path, as operators' proxies do: it strips the path, and passes the rest on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}


@contextmanager
def below(prefix: str, service: str) -> Iterator[str]:
    """The address, which ends with the prefix. `service`: whose address it is the proxy of."""
    behind = urlsplit(service).netloc

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_HOP}
            upstream = HTTPConnection(behind, timeout=60)
            upstream.request(self.command, self.path.removeprefix(prefix), body, kept)
            reply = upstream.getresponse()
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in OF_ONE_HOP:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while data := reply.read1(65_536):  # as it comes: events must not wait
                self.wfile.write(data)
                self.wfile.flush()
            upstream.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}{prefix}"
        http.shutdown()
