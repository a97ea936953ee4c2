"""Who is in a speech process: recordings that share it, or one that is to be alone.

One that waits to be alone goes before those that come later and would share: else its turn might never come.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAIT_SECONDS = 0.5  # between two calls of `on_wait`


class Gate:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_alone = False  # the one that is inside
        self._wanting = 0  # to be alone

    @contextmanager
    def entered(self, on_wait: Callable[[], None], *, alone: bool) -> Iterator[None]:
        """The block runs once there is room. `on_wait` is called until then; what it raises ends the waiting."""
        self._want(int(alone))
        try:
            while not self._enter(alone=alone):
                on_wait()
        finally:
            self._want(-int(alone))
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._is_alone = False
                self._changed.notify_all()

    def _want(self, more: int) -> None:
        with self._changed:
            self._wanting += more
            self._changed.notify_all()

    def _enter(self, *, alone: bool) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(alone=alone), WAIT_SECONDS):
                return False
            self._inside += 1
            self._is_alone = alone
            return True

    def _has_room(self, *, alone: bool) -> bool:
        return self._inside == 0 if alone else not self._is_alone and self._wanting == 0
