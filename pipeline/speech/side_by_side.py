"""Calls of the speech model side by side: on a CPU one alone leaves cores idle, as decoding takes many small steps."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


class SideBySide:
    """For several threads. `workers`: calls that the model runs at once."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers, "whisper")

    def divide(self, call: Callable[[Sequence[T]], None], pieces: Sequence[T]) -> None:
        """`call` with a share of the pieces for each worker, as far as they go round. Raises what one of them raises,
        once all have ended: the others' pieces are at work until then.
        """
        shares = [pieces[first :: self.workers] for first in range(min(self.workers, len(pieces)))]
        if len(shares) == 1:
            call(pieces)
            return
        calls = [self._threads.submit(call, share) for share in shares]
        wait(calls)
        for done in calls:
            done.result()
