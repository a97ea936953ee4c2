"""A sign of life from loops over large inputs."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
Tick = Callable[[], None]

_EVERY = 1024  # items; tens of milliseconds of the loops here


def ticking(items: Iterable[T], tick: Tick) -> Iterator[T]:
    """The items, with a call to `tick` before the first and then every 1,024."""
    for number, item in enumerate(items):
        if number % _EVERY == 0:
            tick()
        yield item
