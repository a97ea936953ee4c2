"""`/healthz` and `/readyz` of the metrics port, asked of the event loop that serves the API."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import FastAPI

from pipeline.checks import NotReady

ANSWER_SECONDS = 5.0  # a look has its own, shorter deadline


class Probes:
    """Called by threads. Both raise NotReady."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def alive(self) -> None:
        """An event loop that hangs answers nobody. Before it runs there is nothing to restart."""
        if hasattr(self._app.state, "loop"):
            self._asked(asyncio.sleep(0))

    def ready(self) -> None:
        if not hasattr(self._app.state, "services"):
            raise NotReady("The API has not started yet.")
        self._asked(self._app.state.services.readiness.check())

    def _asked(self, question: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(question, self._app.state.loop).result(ANSWER_SECONDS)
        except TimeoutError:
            raise NotReady(f"The API has not answered within {ANSWER_SECONDS:g} seconds.") from None
