"""`smelt`, sending each wake three times: `python -m tests.chaos.thrice api`."""

from collections.abc import Callable
from uuid import UUID

from deploy.cli import main
from workers.wake import Doorbell, Wake

TIMES = 3


def ring_thrice() -> None:
    """From now on, in this process."""
    Doorbell.ring = _thrice(Doorbell.ring)  # type: ignore[method-assign]


def _thrice(ring: Callable[[Doorbell, Wake, int, UUID | None], bool]) -> Callable[..., bool]:
    def ring_more(bell: Doorbell, wake: Wake, count: int = 1, cause: UUID | None = None) -> bool:
        return ring(bell, wake, TIMES * count, cause)

    return ring_more


if __name__ == "__main__":
    ring_thrice()
    main()
