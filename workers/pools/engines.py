"""The engines of a synthesize pool: the platform's, and one for each user's key that is in use."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import SecretStr

from pipeline.llm.engines.answers import Answers
from pipeline.llm.engines.base import SynthesisEngine
from pipeline.llm.engines.extractive.processes import ExtractiveProcesses
from pipeline.llm.engines.factory import make_engine
from pipeline.llm.engines.features import Features
from pipeline.settings import Settings

MOST_IDLE = 16
IDLE_SECONDS = 60.0  # an engine holds a thread, connections, and the key


@dataclass(slots=True)
class _Held:
    engine: SynthesisEngine
    users: int = 0
    idle_since: float = field(default_factory=time.monotonic)


class SynthesisEngines:
    """Keeps a key's engine while outputs use it, and a while longer, because a smelt has many. Thread-safe."""

    def __init__(
        self, settings: Settings, *, most_idle: int = MOST_IDLE, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._settings = settings
        self._most_idle = most_idle
        self._idle_seconds = idle_seconds
        self._platform = make_engine(settings)
        self._answers = Answers()  # of the server for users' keys: outlives their engines
        self._features = Features()  # likewise
        self._held: dict[bytes, _Held] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def warm(self) -> None:
        """Gets ready what the platform's engine works with, before the first output."""
        if isinstance(self._platform, ExtractiveProcesses):
            self._platform.warm()

    @property
    def held(self) -> int:
        """How many keys' engines are open, in use or idle."""
        return len(self._held)

    @contextmanager
    def borrow(self, api_key: SecretStr | None) -> Iterator[SynthesisEngine]:
        """The engine that is paid for by `api_key`, or (None) by the platform; open at least until the block ends."""
        if api_key is None:
            yield self._platform
            return
        name = sha256(api_key.get_secret_value().encode()).digest()
        with self._lock:
            held = self._held.get(name) or _Held(
                make_engine(self._settings, api_key, self._answers, self._features)
            )
            self._held[name] = held
            held.users += 1
        try:
            yield held.engine
        finally:
            with self._lock:
                held.users -= 1
                held.idle_since = time.monotonic()
            self._close_idle()

    def close(self) -> None:
        """Only once nothing is borrowed any more."""
        with self._lock:
            timer, self._timer = self._timer, None
            held, self._held = self._held, {}
        if timer is not None:
            timer.cancel()
        for each in held.values():
            each.engine.close()
        self._platform.close()

    def _close_idle(self) -> None:
        """Closes what has been idle for long, and the longest idle beyond `most_idle`; looks again if some are left."""
        now = time.monotonic()
        with self._lock:
            self._timer = None if self._timer is threading.current_thread() else self._timer
            idle = sorted(
                ((held.idle_since, name) for name, held in self._held.items() if held.users == 0),
                reverse=True,
            )
            closing = [
                self._held.pop(name)
                for place, (since, name) in enumerate(idle)
                if place >= self._most_idle or now - since >= self._idle_seconds
            ]
            if len(closing) < len(idle) and self._timer is None:
                self._timer = threading.Timer(self._idle_seconds, self._close_idle)
                self._timer.daemon = True
                self._timer.start()
        for held in closing:
            held.engine.close()
