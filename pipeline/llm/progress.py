"""How far a synthesis is that may turn out to need more calls than it seemed."""

from dataclasses import dataclass

_TYPICAL_ANSWER = 500  # tokens; only for guessing


@dataclass(slots=True)
class Progress:
    """A share from 0 to 1 that never falls."""

    share: float = 0.0
    calls: int = 1  # that will have been needed, as far as known
    done: int = 0

    def expect_more(self, calls: int) -> None:
        self.calls += calls

    def streamed(self, tokens: int) -> None:
        self._rise(self.done + tokens / (tokens + _TYPICAL_ANSWER))

    def finished(self) -> None:
        self.done += 1
        self._rise(self.done)

    def _rise(self, calls: float) -> None:
        self.share = max(self.share, min(0.99, calls / self.calls))
