"""The part of a reply that a client asks for (RFC 9110, section 14). Of several parts at once it gets all of it."""

import re
from dataclasses import dataclass

MAX_CHARS = 100
_ONE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class NotSatisfiable(Exception):
    """It begins behind the end."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From byte `start` to `end`, that one excluded, of `size` in all."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def byte_range(header: str | None, size: int) -> ByteRange | None:
    """None: all of it is asked for, or what we don't know, which is passed over. Raises NotSatisfiable."""
    found = _ONE.fullmatch(header[:MAX_CHARS]) if header else None
    if found is None or found[0].rstrip().endswith("=-"):
        return None
    first, last = found[1], found[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise NotSatisfiable
    return ByteRange(start, end, size)
