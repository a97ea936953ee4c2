"""How many steps a backtracking search takes: a pattern as `re` has parsed it, walked by the rules of its engine.

A clock would count what else the machine does. `re`'s short cuts (a literal beginning is sought at once) are left out:
they make it faster, never slower.
"""

import re
from collections.abc import Iterator
from re import _constants as op
from re import _parser
from typing import Any

Node = tuple[Any, Any]

_SINGLE = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)


class Search:
    """`steps`: how often a node was tried, or a character taken, by `spans`."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._tree = list(_parser.parse(pattern.pattern, pattern.flags))
        self._text = text.lower() if pattern.flags & re.I else text
        self.steps = 0

    def spans(self) -> list[tuple[int, int]]:
        """Of all matches, as `finditer` finds them."""
        found, at = [], 0
        while at <= len(self._text):
            end = next(self._all(self._tree, at), None)
            if end is not None:
                found.append((at, end))
            at = end if end is not None and end > at else at + 1
        return found

    def _all(self, nodes: list[Node], at: int) -> Iterator[int]:
        """Where nodes that follow each other may end, what `re` prefers first."""
        if not nodes:
            yield at
        elif len(nodes) == 1:
            yield from self._one(nodes[0], at)
        else:
            for end in self._one(nodes[0], at):
                yield from self._all(nodes[1:], end)

    def _one(self, node: Node, at: int) -> Iterator[int]:
        self.steps += 1
        kind, value = node
        if kind in _SINGLE:
            if at < len(self._text) and _takes(kind, value, self._text[at]):
                yield at + 1
        elif kind is op.AT:
            if self._is_at(value, at):
                yield at
        else:
            yield from self._composed(kind, value, at)

    def _composed(self, kind: Any, value: Any, at: int) -> Iterator[int]:
        if kind is op.BRANCH:
            for nodes in value[1]:
                yield from self._all(list(nodes), at)
        elif kind is op.SUBPATTERN:
            yield from self._all(list(value[3]), at)
        elif kind is op.MAX_REPEAT:
            yield from self._repeated(value[0], value[1], list(value[2]), at)
        elif kind is op.POSSESSIVE_REPEAT:
            yield from list(self._repeated(value[0], value[1], list(value[2]), at))[:1]
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            if self._is_ahead(value[0], value[1], at) == (kind is op.ASSERT):
                yield at
        else:
            raise ValueError(f"{kind} isn't known here")

    def _is_ahead(self, direction: int, nodes: Any, at: int) -> bool:
        """Or behind, by the direction."""
        start = at if direction > 0 else at - nodes.getwidth()[0]
        return start >= 0 and next(self._all(list(nodes), start), None) is not None

    def _repeated(self, least: int, most: int, nodes: list[Node], at: int) -> Iterator[int]:
        """The longest first."""
        if len(nodes) == 1 and nodes[0][0] in _SINGLE:
            end = at
            while end - at < most and end < len(self._text) and _takes(*nodes[0], self._text[end]):
                end += 1
            for last in range(end, at + least - 1, -1):
                self.steps += 1
                yield last
            return
        if most > 0:
            for end in self._all(nodes, at):
                if end > at:
                    yield from self._repeated(max(0, least - 1), most - 1, nodes, end)
        if least == 0:
            yield at

    def _is_at(self, place: Any, at: int) -> bool:
        if place in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            return at == 0
        if place in (op.AT_END, op.AT_END_STRING):
            return at == len(self._text)
        sides = [_is_word(self._text[side]) for side in (at - 1, at) if 0 <= side < len(self._text)]
        return (sum(sides) == 1) == (place is op.AT_BOUNDARY)


def _takes(kind: Any, value: Any, char: str) -> bool:
    if kind is op.ANY:
        return char != "\n"
    if kind is op.IN:
        negated = value[0][0] is op.NEGATE
        return any(_takes_one(name, one, char) for name, one in value[negated:]) != negated
    return (char == chr(value).lower()) == (kind is op.LITERAL)


def _takes_one(kind: Any, value: Any, char: str) -> bool:
    if kind is op.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    if kind is op.CATEGORY:
        name = str(value)
        known = {"WORD": _is_word, "DIGIT": str.isdecimal, "SPACE": str.isspace}[name.rpartition("_")[2]]
        return known(char) != ("_NOT_" in name)
    return char == chr(value).lower()


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
