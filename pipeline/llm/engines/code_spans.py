"""Where code stands in a Markdown text: between fences, and between back quotes in a line."""

import re
from bisect import bisect_right

Spans = list[tuple[int, int]]

_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(`{3,}|~{3,})([^\n]*)")
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)[^\n]{1,300}?(?<!`)\1(?!`)")


def code_spans(text: str) -> Spans:
    """In order, not overlapping. A fence that nothing closes is none: it may be a thought that came to no end."""
    fences, _ = _fences(text)
    inline = [found.span() for found in _INLINE.finditer(text) if not is_inside(found.start(), fences)]
    return sorted(fences + inline)


def is_inside(position: int, spans: Spans) -> bool:
    index = bisect_right(spans, (position, len(spans) and spans[-1][1]))
    return index > 0 and spans[index - 1][0] <= position < spans[index - 1][1]


def ends_in_fence(text: str) -> bool:
    """Whether a fence is begun in it that nothing closes."""
    return _fences(text)[1]


def _fences(text: str) -> tuple[Spans, bool]:
    spans: Spans = []
    begun, fence, position = 0, "", 0
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if found and not fence:
            begun, fence = position, found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            spans.append((begun, position + len(line)))
            fence = ""
        position += len(line)
    return spans, bool(fence)
