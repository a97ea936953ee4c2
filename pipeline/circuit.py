"""One word on whether a server can be reached, for everybody in this process who talks to it.

    closed ──trip──▶ open ──a probe succeeds──▶ closed

While it is open nobody tries: a thread of the circuit's own does, again and again. So an outage costs those who are
at it when it begins one wait, and no later request any.
"""

import threading
from collections.abc import Callable

PROBE_SECONDS = 0.25  # between two probes


class Circuit:
    """Safe to share between threads. `probe`: whether the server answers; it must not raise, nor wait for long.
    `on_change` is told each time that it opens (True) or closes.
    """

    def __init__(
        self,
        probe: Callable[[], bool],
        *,
        every: float = PROBE_SECONDS,
        on_change: Callable[[bool], object] = lambda _: None,
    ) -> None:
        self._probe = probe
        self._every = every
        self._on_change = on_change
        self._lock = threading.Lock()
        self._open = False
        self._ended = threading.Event()

    @property
    def open(self) -> bool:
        return self._open

    def trip(self) -> bool:
        """Somebody has failed to reach the server. True: nobody had said so yet."""
        with self._lock:
            if self._open or self._ended.is_set():
                return False
            self._open = True
        self._on_change(True)
        threading.Thread(target=self._watch, name="circuit", daemon=True).start()
        return True

    def end(self) -> None:
        """Stops probing: the process ends."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            if self._probe():
                self._open = False
                self._on_change(False)
                return
