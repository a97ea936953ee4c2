"""Where decoded frames lie on a recording's time line, which begins where the recording does."""

GAP_SECONDS = 0.5
"""A longer jump in the stamps is a pause of the recorder, to be kept as silence."""

_LEAD_SECONDS = 0.1  # of silence before the first sound that are kept; encoders' delays are shorter
_SLACK_SECONDS = 1.0  # of a stamp behind the end


class Timeline:
    """One part's. `seconds` is how far it has come: sound heard, silence kept, packets lost.

    `origin`: the time stamp at which it begins, None if that isn't known. `end`: where a stamp is wrong at the latest,
    in seconds from the beginning.
    """

    def __init__(self, origin: float | None, end: float) -> None:
        self.seconds = 0.0
        self._origin = origin
        self._end = end
        self._lost = 0.0
        self._begun = False

    def gap(self, stamp: float | None) -> float | None:
        """Seconds of silence to be kept before a frame. None: its stamp lies where the recording can't be, and those
        after it are taken to go on from here.
        """
        ahead = self._lost
        if stamp is not None:
            if self._origin is None:
                self._origin = stamp
            ahead = stamp - self._origin - self.seconds
        least = GAP_SECONDS if self._begun else _LEAD_SECONDS
        self._begun = True
        if ahead <= least:
            return 0.0
        self._lost = 0.0
        if self.seconds + ahead > self._end + _SLACK_SECONDS:
            self._origin = None if stamp is None else stamp - self.seconds
            return None
        self.seconds += ahead
        return ahead

    def begin_at(self, stamp: float) -> None:
        self._origin = stamp

    def hear(self, seconds: float) -> None:
        self.seconds += seconds

    def lose(self, seconds: float) -> None:
        """A packet of a recording without stamps: its place is kept once enough has come together."""
        self._lost += seconds
