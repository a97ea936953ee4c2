"""Starts the HTTP service: `smelt api`."""

import asyncio
import gc
import logging
import os
import socket
import sys
from contextlib import ExitStack
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.server.connection import Connection
from api.server.probes import Probes
from pipeline.logs import configure
from pipeline.metrics.registry import with_process
from pipeline.metrics.server import CannotListen, serving
from pipeline.processes.descriptors import raise_descriptor_limit
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.settings import Settings
from pipeline.tracing import setup as tracing
from pipeline.tracing.setup import TracingUnavailable

log = logging.getLogger("smelt.api")

KEEP_ALIVE_SECONDS = 75  # longer than the usual proxy's 60, so that it is the proxy that closes
GRACE_SECONDS = 20  # for requests under way when the service is stopped
BACKLOG = 2_048
SWITCH_SECONDS = 0.0005  # that a thread keeps the interpreter while others want it; Python's own are 0.005


class Server(uvicorn.Server):
    """Says where it can be reached once it can be, and then describes itself before anybody asks."""

    _describing: asyncio.Task[bytes] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._describing = asyncio.create_task(self.config.loaded_app.described())
        _set_aside_for_good()
        for listener in sockets or []:
            log.info("Smelt's API listens on %s", _url(listener))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Event streams would never end by themselves."""
        self.config.loaded_app.state.services.hub.close()
        await super().shutdown(sockets)


def _set_aside_for_good() -> None:
    """A collection of all that is there takes a tenth of a second, in which the process does nothing else: what was
    made at the start stays anyhow, and isn't looked at again.
    """
    gc.collect()
    gc.freeze()


def server_config(settings: Settings, app: FastAPI | None = None) -> uvicorn.Config:
    """Forwarded addresses are our own matter (`api/auth/client_address.py`), and so is the access log. `app`:
    if made yet.
    """
    return uvicorn.Config(
        app or create_app(settings),
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0: the system chooses. `::` takes IPv4 too, where the system can. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=BACKLOG)


def main() -> None:
    """Runs until SIGTERM or SIGINT. If it can't start with its settings: a line that says why, and EX_CONFIG."""
    settings = Settings.from_env()
    configure("api", settings)
    forbid_core_dumps(log)
    sys.setswitchinterval(SWITCH_SECONDS)
    raise_descriptor_limit()
    try:
        tracing.configure("api", settings)
    except TracingUnavailable as error:
        _end(str(error))
    app = create_app(settings)
    server = Server(server_config(settings, app))
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(listen(settings.host, settings.port))
        except OSError as error:
            _end(f"can't listen on SMELT_HOST {settings.host}, SMELT_PORT {settings.port}: {error}")
        registry = with_process()
        if not settings.metrics_public:
            probes = Probes(app)
            try:
                stack.enter_context(
                    serving(
                        settings.metrics_host, settings.metrics_port, registry, probes.alive, probes.ready
                    )
                )
            except CannotListen as error:
                _end(str(error))
        server.run(sockets=[listener])


def _end(reason: str) -> NoReturn:
    log.critical("%s", reason)
    sys.exit(os.EX_CONFIG)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
