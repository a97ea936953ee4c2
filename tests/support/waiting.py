"""Waiting for a condition instead of for a while."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Returns as soon as `condition` is true; fails the test after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not so within {within:g} s"
        time.sleep(0.01)
