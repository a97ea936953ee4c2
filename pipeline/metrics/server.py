"""The metrics port: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever keeps the process.

A port of its own, so that only those who run the service see how busy it is. It is served by threads of its own, so
that it answers whatever else the process does.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from pipeline.checks import NotReady

CLIENT_SECONDS = 10.0  # of silence, after which who asks is given up


class CannotListen(Exception):
    """Says which settings name a port that can't be had."""


Probe = Callable[[], None]
"""Raises NotReady."""


class Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: who scrapes comes every few seconds."""


class _Server(ThreadingWSGIServer):
    """On IPv4, unless told."""


class _ServerIPv6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


@contextmanager
def serving(
    host: str, port: int | None, registry: CollectorRegistry, alive: Probe, ready: Probe
) -> Iterator[None]:
    """While the block runs; nothing where no port is set. Raises CannotListen."""
    if port is None:
        yield
        return
    kind = _ServerIPv6 if ":" in host else _Server
    try:
        server = make_server(host, port, application(registry, alive, ready), kind, Handler)
    except OSError as error:
        where = f"SMELT_METRICS_HOST {host}, SMELT_METRICS_PORT {port}"
        raise CannotListen(f"can't listen on {where}: {error}") from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def application(registry: CollectorRegistry, alive: Probe, ready: Probe) -> WSGIApplication:
    metrics = make_wsgi_app(registry)
    probes = {"/healthz": alive, "/readyz": ready}

    def answer(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            body: list[bytes] = metrics(environ, start)
            return body
        status, text = _probed(probes[path]) if path in probes else ("404 Not Found", "not found")
        start(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{text}\n".encode()]

    return answer


def _probed(probe: Probe) -> tuple[str, str]:
    try:
        probe()
    except NotReady as refusal:
        return "503 Service Unavailable", str(refusal)
    return "200 OK", "ok"
