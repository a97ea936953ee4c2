"""Metrics on a port of their own, so that only those who run the service see how busy it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from pipeline.settings import Settings


@contextmanager
def metrics_server(settings: Settings, registry: CollectorRegistry) -> Iterator[None]:
    """Serves `/metrics` from a thread of its own, if the settings name a port other than the API's.

    Raises OSError when it can't listen there.
    """
    if settings.metrics_port is None or settings.metrics_public:
        yield
        return
    server, thread = start_http_server(settings.metrics_port, settings.metrics_host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
