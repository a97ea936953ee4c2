"""What a user should know about how a recording was heard, with its times and nothing of its content."""

from collections.abc import Sequence

from pipeline.speech.parts import MOST_PARTS
from pipeline.speech.transcript import Span

_MOST_NAMED = 10
_JOINED_SECONDS = 2.0  # damage that is closer together is told as one


class Caveats:
    """Collected while a recording is decoded."""

    def __init__(self) -> None:
        self._damaged: list[Span] = []
        self._missing: list[Span] = []
        self._jumps: list[float] = []
        self._unreadable: list[float] = []
        self._track: tuple[int, int] | None = None
        self._broken_off: list[float] = []
        self._too_many_parts = False

    def damaged(self, start: float, end: float) -> None:
        if self._damaged and start - self._damaged[-1][1] < _JOINED_SECONDS:
            start = self._damaged.pop()[0]
        self._damaged.append((start, end))

    def slip(self, at: float) -> None:
        self.damaged(at, at)

    def missing(self, start: float, end: float) -> None:
        self._missing.append((start, end))

    def jump(self, at: float) -> None:
        if not self._jumps or at - self._jumps[-1] > _JOINED_SECONDS:
            self._jumps.append(at)

    def unreadable(self, at: float) -> None:
        self._unreadable.append(at)

    def broken_off(self, at: float) -> None:
        self._broken_off.append(at)

    def track(self, number: int, count: int) -> None:
        """Counted from 1, as players do."""
        self._track = (number, count)

    def too_many_parts(self) -> None:
        self._too_many_parts = True

    @property
    def texts(self) -> tuple[str, ...]:
        texts = []
        if self._track is not None:
            texts.append(
                f"The recording has {self._track[1]} audio tracks; track {self._track[0]} was heard."
            )
        if self._damaged:
            texts.append(f"Damaged parts of the recording were skipped: {_spans(self._damaged)}.")
        if self._missing:
            texts.append(f"The recording is shorter than its header says; missing: {_spans(self._missing)}.")
        if self._jumps:
            first = listed([*map(clock, self._jumps)])
            texts.append(f"The recording's time stamps are wrong, times may be too early from {first} on.")
        if self._unreadable:
            texts.append(
                f"The recording could not be read on from {listed([*map(clock, self._unreadable)])}."
            )
        if self._broken_off:
            places = listed([*map(clock, self._broken_off)])
            texts.append(f"The recording breaks off at {places}; what followed there is missing.")
        if self._too_many_parts:
            texts.append(f"Of the recordings joined in the file, only the first {MOST_PARTS:,} were heard.")
        return tuple(texts)


def unheard_warning(spans: Sequence[Span]) -> tuple[str, ...]:
    """What to say of stretches of speech without words, if there are any."""
    return (f"No words could be made out where somebody seems to speak: {_spans(spans)}.",) if spans else ()


def clock(seconds: float) -> str:
    """h:mm:ss"""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def clocks(start: float, end: float) -> str:
    return f"{clock(start)} to {clock(end + 0.5)}"


def listed(named: Sequence[str]) -> str:
    """The first ones, and how many more there are."""
    rest = len(named) - _MOST_NAMED
    return ", ".join(named[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _spans(spans: Sequence[Span]) -> str:
    return listed([clocks(start, end) for start, end in spans])
