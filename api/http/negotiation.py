"""Choosing a media type by the Accept header (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence

MAX_CHARS = 4_096  # what follows is not looked at


def choose(accept: str, offered: Sequence[str]) -> str | None:
    """The offered type that the client likes best; the first of equals; None if it takes none of them."""
    ranges = [_parsed(item) for item in accept[:MAX_CHARS].split(",") if item.strip()] or [("*/*", 1.0)]
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else None


def _parsed(item: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip().lower() for part in item.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media_range, _weight(value)
    return media_range, 1.0


def _weight(value: str) -> float:
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The most specific range that fits decides."""
    weights = dict(ranges)
    for media_range in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if media_range in weights:
            return weights[media_range]
    return 0.0
