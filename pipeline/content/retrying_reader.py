"""Reading that waits for a store that is away: for as long as what was made of the content so far is worth."""

import time
from collections.abc import Callable

from pipeline.content.errors import ContentUnavailable

LONGEST_WAIT = 60.0  # seconds
PAUSE = 1.0


def retrying(read_range: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """The same, but an outage is waited out for as many seconds as have passed since now, a minute at the most.

    So what has just begun is given back at once, and an hour's work isn't lost to a few seconds. Raises
    ContentUnavailable after that.
    """
    begun = time.monotonic()

    def read(start: int, end: int) -> bytes:
        asked = time.monotonic()
        give_up = asked + min(asked - begun, LONGEST_WAIT)
        while True:
            try:
                return read_range(start, end)
            except ContentUnavailable:
                if time.monotonic() + PAUSE > give_up:
                    raise
                time.sleep(PAUSE)

    return read
