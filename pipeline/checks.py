"""A check: one thing that must be so for the service to work, and how it is asked, by `/readyz` and `smelt doctor`."""

from collections.abc import Callable
from dataclasses import dataclass


class NotReady(Exception):
    """What is wrong and what to do, safe to show anyone. `detail`: the rest, for whoever runs the service."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail

    @property
    def full(self) -> str:
        return f"{self} ({self.detail})" if self.detail else str(self)


@dataclass(frozen=True, slots=True)
class Check:
    """`probe` tells in a few words what it has found, or raises NotReady. `believed`: for how many seconds that holds
    for those who are asked often.
    """

    name: str
    probe: Callable[[], str]
    believed: float = 1.0
