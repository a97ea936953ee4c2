"""The lines of a block put together where a margin broke them, and left apart where somebody did.

Where a line's end was put by a margin, the next line's first word had no room before it. Else the line was meant to
end: an address, a list without marks, a verse, what somebody said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from pipeline.llm.engines.extractive.splitting import is_ended, split_sentences

_SPACE_LEFT = 8  # columns: margins are not kept to the letter
_FEWEST_VERSES, _MOST_CAPITALS = 4, 0.75
_FEWEST_CAPTIONS, _MOST_FILLED = 6, 0.75  # lines of speech: how many, and how full of the longest in the mean
_NONE = -1  # no margin
_LONGEST_LABEL = 60  # characters of a line that names what is below it
_WIDEST = 110  # columns of a text with a margin; longer lines have none

# Of captions and chats: in brackets, with seconds, or before a nick. "6:45 p.m." belongs to its sentence.
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?"
_SECONDS = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,3})?"
_STAMP = re.compile(
    rf"\s*(?:[\[(]{_CLOCK}[\])]|{_SECONDS}(?:\s*-->\s*{_SECONDS})?|{_CLOCK}(?=\s+<))(?:\s*[|\u2013-](?=\s))?\s*"
)
_NICK = re.compile(r"\s*<([\w.-]{1,30})>\s+")
# A name before a colon, at most four words; a full stop is in it behind a title or an initial, as in "Dr. A. Smith"
_LABEL = re.compile(
    r"\s*[*_]{0,3}((?!\w{5,30}\. )[^\W\d_][\w.'\u2019-]{0,30}(?: (?!\w{5,30}\. )"
    r"[\w.'\u2019()-]{1,30}){0,3})[*_]{0,3}[:\uff1a][*_]{0,3}(?=\s|$)"
)

_MARK = re.compile(r"[*_`~\\&<]|\]\(| $", re.M)  # where there is none, there is nothing to take away
# What isn't in here, such as "<name>", stands for something, and the sentence would be another without it.
_HTML = re.compile(
    r"</?(?:a|abbr|article|audio|b|big|br|button|center|cite|code|dd|del|details|dfn|div|dl|dt|em|embed|font|footer|h[1-6]"
    r"|hr|i|iframe|img|ins|kbd|li|main|mark|nav|noscript|object|ol|p|picture|pre|q|ruby|s|samp|script|section|small|source"
    r"|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|th|thead|tr|tt|u|ul|var|video|wbr)\b[^>]*>|<[!?]"
)
_MARKDOWN = MarkdownIt("commonmark")
_LONGEST = 50_000  # characters whose inner marks are read; more is no paragraph that somebody wrote


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines that belong together, as one."""

    text: str  # without Markdown's marks, images and HTML; links as their words; "\n" where a line ended
    line: int
    label: str | None  # the name before a colon that it begins with
    stamped: bool  # began with a time
    alone: bool  # ended before the margin, so that it is a line of its own
    doubtful: bool = False  # the line before may go on in it

    @property
    def is_label(self) -> bool:
        """Whether it only says what comes below: "Present:", "ROLL CALL"."""
        text = self.text.strip()
        short = len(text) <= _LONGEST_LABEL
        return short and (text.endswith((":", "\uff1a")) or (text.isupper() and len(text) > 2))


def pieces(text: str, first: int, *, item: bool = False) -> Iterator[Piece]:
    """Of a block whose first line has the number `first`. The lines of a list's `item` are one but for who speaks."""
    lines = text.split("\n")
    margin = _margin(lines, item=item)
    held: list[str] = []
    doubtful = False
    for number, line in enumerate(lines):
        held.append(line)
        following = lines[number + 1] if number + 1 < len(lines) else None
        broken = following is not None and _ends(line, following, margin)
        if broken or following is None:
            piece = _piece(held, first + number - len(held) + 1, alone=broken, doubtful=doubtful)
            doubtful = not (is_ended(piece.text) or piece.is_label) and margin > 0
            yield piece
            held = []


def _margin(lines: list[str], *, item: bool) -> int:
    """In columns; 0: each line ends where somebody wanted, and `_NONE`: none does."""
    if item:
        return _NONE
    if _is_verse(lines) or _are_captions(lines):
        return 0
    return min(_WIDEST, max((len(line) for line in lines if "://" not in line), default=0)) or _NONE


def _is_verse(lines: list[str]) -> bool:
    """Whether each line has a beginning of its own; where a margin broke them, most go on with a small letter."""
    heads = [line.lstrip()[:1] for line in lines[1:]]
    return len(lines) >= _FEWEST_VERSES and sum(map(str.isupper, heads)) > _MOST_CAPITALS * len(heads)


def _are_captions(lines: list[str]) -> bool:
    """Whether nothing ends in them as a sentence does, and no margin broke them: each is as good as one."""
    if len(lines) < _FEWEST_CAPTIONS or any(map(is_ended, lines)):
        return False
    lengths = [len(line) for line in lines[:-1]]
    filled = sum(lengths) / (len(lengths) * max(1, *lengths))
    text = "\n".join(lines)
    return filled < _MOST_FILLED and next(split_sentences(text), text) == text


def _ends(line: str, following: str, margin: int) -> bool:
    stamp = _STAMP.match(following)
    start = stamp.end() if stamp else 0
    if _NICK.match(following, start) or _LABEL.match(following, start):
        return True
    if stamp:
        return line.rstrip().endswith((".", "?", "!"))  # a caption's line ends where the screen did
    if margin in (0, _NONE):
        return margin == 0
    head = following.lstrip()[:1]
    if head.islower() or not head:
        return False
    word = following.split(None, 1)[0]
    room = margin - len(line.rstrip()) - _SPACE_LEFT
    return len(word) + 1 <= room


def _piece(lines: list[str], first: int, *, alone: bool, doubtful: bool) -> Piece:
    stamped = False
    kept: list[str] = []
    for line in lines:
        stamp = _STAMP.match(line)
        stamped = stamped or stamp is not None
        kept.append(line[stamp.end() :] if stamp else line)
    raw = "\n".join(kept)
    if nick := _NICK.match(raw):
        raw = f"{nick[1]}: {raw[nick.end() :]}"
    text = unmarked(raw)
    label = _LABEL.match(text)
    return Piece(text, first, label[1] if label else None, stamped, alone, doubtful)


def unmarked(text: str) -> str:
    """The words of Markdown's inner marks: no images, no HTML, of links their words; line ends stay."""
    if len(text) > _LONGEST or not _MARK.search(text):
        return text
    words: list[str] = []
    for inline in _MARKDOWN.parseInline(text):
        for token in inline.children or ():
            if token.type in ("text", "code_inline") or (
                token.type == "html_inline" and not _HTML.match(token.content)
            ):
                words.append(token.content)
            elif token.type in ("softbreak", "hardbreak"):
                words.append("\n")
    return "".join(words)
