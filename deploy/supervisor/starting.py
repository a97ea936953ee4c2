"""The pools of a service that starts: which aren't ready yet, and which never will be, as their lines tell."""

import threading
import time
from collections.abc import Callable, Collection

from deploy.problems import ServiceFailed
from deploy.supervisor.pool import POOL_FAILING, POOL_READY
from pipeline.logs import is_event

SILENT_WITHIN = (
    600.0  # seconds; whoever downloads a model says so every two, and none takes that long to load
)


class StartingPools:
    """`hear` is called from several threads."""

    def __init__(self, names: Collection[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard = dict.fromkeys(names, clock())  # of those that aren't ready: when; below: what
        self._said = dict.fromkeys(names, "nothing")
        self._failing: dict[str, str] = {}
        self._lock = threading.Lock()

    def hear(self, name: str, line: str) -> None:
        with self._lock:
            if name not in self._heard:
                return
            if is_event(line, POOL_READY):
                del self._heard[name]
            elif POOL_FAILING in line:
                self._failing[name] = line
            else:
                self._heard[name], self._said[name] = self._clock(), line

    @property
    def waited_for(self) -> list[str]:
        with self._lock:
            return sorted(self._heard)

    def check(self) -> None:
        """Raises ServiceFailed when one of them dies over and over, or has fallen silent."""
        with self._lock:
            for name, line in self._failing.items():
                raise ServiceFailed(f"{name}: {line}")
            for name, heard in self._heard.items():
                if self._clock() - heard > SILENT_WITHIN:
                    raise ServiceFailed(
                        f"{name} is not ready and has been silent for {SILENT_WITHIN:g} seconds; "
                        f"it last said: {self._said[name]}"
                    )
