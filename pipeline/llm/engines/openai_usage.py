"""How many tokens a server says it read and wrote, and whether its count shows that it dropped some of the input.

Some servers cut a prompt that is too long and answer all the same; their own count gives them away. But others leave
out of the count what they had in a cache. So a small count is evidence only where nothing else explains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_MOST_TOKENS = 2**53  # a larger count is no count, and may not be one in other programs
_SMALLEST_CONTEXT = 1_000  # tokens; no server reads less of a longer prompt
_READ_AT_LEAST = 0.9  # share of the certain tokens; below it the server has dropped input
_READ = ("prompt_tokens", "input_tokens")
_WRITTEN = ("completion_tokens", "output_tokens")
_CACHED = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_n",
)
_DETAILS = ("prompt_tokens_details", "input_tokens_details")


@dataclass(slots=True)
class Usage:
    read: int | None = None  # None: not told
    written: int | None = None
    doubtful: bool = False  # some of it can't be: the rest is no evidence
    cached: int = 0  # that were taken from a cache; in `read` or not, as the server likes

    def take(self, fields: object) -> bool:
        """Whether the fields, of any shape, bring a count."""
        if not isinstance(fields, Mapping):
            return False
        read, written = _first(fields, _READ), _first(fields, _WRITTEN)
        self.read = self.read if read is None else read
        self.written = self.written if written is None else written
        details = [fields, *(fields.get(name) for name in _DETAILS)]
        told = [part.get(name) for part in details if isinstance(part, Mapping) for name in _CACHED]
        counts = [_tokens(count) for count in told if count is not None]
        self.doubtful = self.doubtful or None in counts
        self.cached = max(self.cached, sum(count for count in counts if count))
        return read is not None or written is not None

    @property
    def input_tokens(self) -> int | None:
        """All that was read; None, to be estimated, where it isn't told."""
        if self.read is not None and self.cached > self.read:
            return self.read + self.cached
        return self.read


class ReadCounts:
    """What a server's counts have shown so far."""

    def __init__(self) -> None:
        self._most = 0

    def drops(self, sent: int, usage: Usage) -> bool:
        """Whether a server that was sent at least `sent` tokens has certainly dropped some of them.

        One that drops what is beyond its context reads as much as it ever read, if there is as much; a smaller count
        leaves something out.
        """
        if not usage.read or usage.doubtful:
            return False
        before, self._most = self._most, max(self._most, usage.read)
        if usage.read < _SMALLEST_CONTEXT or sent <= _SMALLEST_CONTEXT:
            return False
        least = _READ_AT_LEAST * min(sent, before) if before else 0
        return least <= usage.read and usage.read + usage.cached < _READ_AT_LEAST * sent


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := _tokens(fields.get(name))) is not None), None)


def _tokens(value: object) -> int | None:
    """A server's count; None where it isn't one."""
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None
