"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable

PATIENCE = 10.0  # seconds


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        time.sleep(0.01)
