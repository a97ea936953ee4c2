"""Objects in a place that is left alone while it is away: workers' calls go through a circuit breaker."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pipeline.circuit_breaker import CircuitBreaker
from pipeline.content.errors import ContentUnavailable
from pipeline.content.objects import Objects, Upload
from pipeline.states import WaitingFor


class GuardedObjects:
    """The same objects, for this process. While the circuit is open calls raise ContentUnavailable at once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._circuit = CircuitBreaker(
            WaitingFor.CONTENT_STORE, lambda seconds: ContentUnavailable(retry_after=seconds)
        )

    def put(self, path: str, data: bytes) -> None:
        with self._circuit.calling():
            self._objects.put(path, data)

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        with self._circuit.calling():
            self._objects.put_all(objects)

    def upload(self, path: str) -> Upload:
        """Not guarded: workers store whole objects."""
        return self._objects.upload(path)

    def room(self, floor: int | None) -> float:
        with self._circuit.calling():
            return self._objects.room(floor)

    def size(self, path: str) -> int:
        with self._circuit.calling():
            return self._objects.size(path)

    def read(self, path: str, start: int, end: int) -> bytes:
        with self._circuit.calling():
            return self._objects.read(path, start, end)

    def delete(self, path: str) -> None:
        with self._circuit.calling():
            self._objects.delete(path)

    def delete_under(self, folder: str) -> int:
        with self._circuit.calling():
            return self._objects.delete_under(folder)

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        with self._circuit.calling():
            yield from self._objects.newest(on_tick)
