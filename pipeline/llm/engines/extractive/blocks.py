"""The blocks that a text is made of, as Markdown's parser tells them; a text that isn't Markdown is mostly paragraphs.

Indentation makes no code here, since plain texts are indented for many reasons, and `[Name]: words` is no definition of
a link. The parser's tokens are taken out after each block, so that memory holds those of one.
"""

from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.token import Token

from pipeline.llm.engines.extractive.limits import MOST_SENTENCES, MOST_TOKENS, too_long
from pipeline.llm.engines.extractive.ticking import Tick

_DEEPEST = 100  # levels of lists and quotations; below them the parser leaves out what it reads
_FRONT_MATTER = "---"
_EVERY = 1024  # blocks between two ticks


class Shape(StrEnum):
    PARAGRAPH = "paragraph"
    ITEM = "item"
    HEADING = "heading"
    FENCE = "fence"
    TABLE = "table"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Block:
    shape: Shape
    text: str  # as written, with the marks inside it
    line: int  # its first, from 1
    level: int = 0  # of a heading, 1 to 6


def read_blocks(text: str, tick: Tick) -> list[Block]:
    """In order. Raises WorkError for more than memory should hold."""
    body = _without_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    reader = _Reader(tick)
    _MARKDOWN.parse(body, {"reader": reader})
    if reader.deepest >= _DEEPEST - 2:  # a list is two levels
        reader = _Reader(tick)
        _FLAT_MARKDOWN.parse(body, {"reader": reader})
    return reader.blocks


class _Reader:
    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._seen = 0
        self._depth = 0  # of list items
        self.blocks: list[Block] = []
        self.deepest = 0

    def watch(self, state: StateBlock) -> None:
        """Called before each block."""
        self._seen += 1
        self.deepest = max(self.deepest, state.level)
        if self._seen % _EVERY == 0:
            self._tick()
        if state.level == 0:
            self.take(state.tokens)
        if len(state.tokens) > MOST_TOKENS or len(self.blocks) > 2 * MOST_SENTENCES:
            raise too_long()

    def take(self, tokens: list[Token]) -> None:
        for before, token in zip([None, *tokens], tokens, strict=False):
            self._take(before, token)
        tokens.clear()

    def _take(self, before: Token | None, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 1
        match token.type:
            case "inline" if before is not None and before.type == "heading_open":
                self._heading(before, token.content, line)
            case "inline":
                shape = Shape.ITEM if self._depth else Shape.PARAGRAPH
                self.blocks.append(Block(shape, token.content, line))
            case "list_item_open":
                self._depth += 1
            case "list_item_close":
                self._depth -= 1
            case "fence":
                self.blocks.append(Block(Shape.FENCE, token.content, line))
            case "html_block":
                self.blocks.append(Block(Shape.HTML, token.content, line))
            case "rows":
                self.blocks.append(Block(Shape.TABLE, token.content, line))

    def _heading(self, opening: Token, content: str, line: int) -> None:
        # A rule or a signature's dashes below some lines make a heading only of a single one.
        if opening.markup in ("-", "=") and "\n" in content:
            self.blocks.append(Block(Shape.PARAGRAPH, content, line))
        elif content:
            self.blocks.append(Block(Shape.HEADING, content, line, int(opening.tag[1])))


def _watch(state: StateBlock, _start: int, _end: int, silent: bool) -> bool:
    if not silent:
        state.env["reader"].watch(state)
    return False


def _rows(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table as one token: its cells would be several for each character of a large one."""
    if not table(state, start, end, True):
        return False
    if not silent:
        last = _end_of_rows(state, start, end)
        token = state.push("rows", "", 0)
        token.map = [start, last]
        token.content = state.getLines(start, last, state.blkIndent, keepLastLF=False)
        state.line = last
    return True


def _end_of_rows(state: StateBlock, start: int, end: int) -> int:
    """The line behind a table: an empty one, or where another block begins, by the rules of the parser's own tables."""
    others = state.md.block.ruler.getRules("blockquote")
    for line in range(start + 2, end):
        if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return line
        if any(begins(state, line, end, True) for begins in others):
            return line
    return end


def _last(state: object) -> None:
    """After the last block."""
    state.env["reader"].take(state.tokens)  # type: ignore[attr-defined]


def _markdown(*without: str) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    markdown.disable(["code", "reference", "inline", *without])
    markdown.block.ruler.before("fence", "rows", _rows, {"alt": ["paragraph"]})
    markdown.block.ruler.before("rows", "watch", _watch)
    markdown.core.ruler.push("last", _last)
    return markdown


_MARKDOWN = _markdown()
_FLAT_MARKDOWN = _markdown("list", "blockquote")


def _without_front_matter(text: str) -> str:
    """The lines between two rules at the beginning are for programs: made empty, so that lines keep numbers."""
    if not text.startswith(_FRONT_MATTER + "\n"):
        return text
    end = text.find(f"\n{_FRONT_MATTER}\n", len(_FRONT_MATTER))
    lines = text[: end + len(_FRONT_MATTER) + 1].split("\n")
    if end < 0 or not all(":" in line or line.startswith((" ", "-", "#")) for line in lines[1:-1] if line):
        return text
    return "\n" * (len(lines) - 1) + text[end + len(_FRONT_MATTER) + 1 :]
