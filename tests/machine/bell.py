"""The doorbell as a bag of wakes that the machine may lose, double and hand out in any order."""

from collections.abc import Collection
from uuid import UUID

from workers.wake import Doorbell, Queue, Wake


class Bell(Doorbell):
    """`up`: whether Redis answers. `wakes`: rung and not taken yet."""

    def __init__(self) -> None:
        self.up = True
        self.wakes: list[Wake] = []

    def ring(self, wake: Wake, count: int = 1, cause: UUID | None = None) -> bool:
        if self.up:
            self.wakes += [wake] * max(count, 0)
        return self.up

    def waiting(self, queue: Queue) -> int | None:
        return sum(wake.queue is queue for wake in self.wakes) if self.up else None

    def announce(self, changed: Collection[UUID]) -> bool:
        return self.up

    def close(self) -> None:
        self.wakes.clear()
