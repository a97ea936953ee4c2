"""A heartbeat that beats when it is told to."""

from workers.runner.heartbeat import Heartbeat


class HeartbeatByHand(Heartbeat):
    def _start(self) -> None:
        """No thread."""
