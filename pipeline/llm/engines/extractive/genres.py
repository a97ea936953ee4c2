"""What kind of text a document is: whether sentences picked out of it can stand for it."""

import re
from collections.abc import Sequence
from enum import StrEnum

from pipeline.llm.engines.extractive.blocks import Shape
from pipeline.llm.engines.extractive.sentences import Kind, Reading, Sentence
from pipeline.llm.engines.extractive.splitting import is_ended

# A line of code, of settings, of markup or of a log
_CODE = re.compile(
    r"\s*(?:(?:import|from|package|using|#include|#define) \S+(?: import .*)?;?$|[\w.\[\]\"'-]{1,60} ?[-+*/|:]?= ?\S"
    r"|(?:def|class|function|func|fn|if|elif|for|while|const|let|var|return|public|private|static|export|echo)\b.*[({=:;]"
    r"|[@{}<]|//|/\*|\"\"\"|#!|[\w.]{1,60}\(.*\)$|\"[\w -]{1,60}\" ?:"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?!.{1,60}: )|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d )"
    r"|.*[a-z_]\(.*;$|.* = .*;$|.*[{}\[(]$"
)
_ROW = re.compile(r"[^,;\t]*(?:[,;\t](?! )[^,;\t]*){2,}$")  # of a table
_LAW = re.compile(
    r"\b(hereby|herein|thereof|hereunder|notwithstanding|licen[sc]ors?|licensees?|licensed|warrant(?:y|ies)|liab(?:le|ility)"
    r"|shall|pursuant|indemnify|jurisdiction|copyright|provisions|lawful|legal|paragraphs? \d|articles? \d"
    r"|absatz|gemäß|haftung|gewährleistung|vorbehaltlich|vorschriften|unverzüglich"
    r"|conformément|alinéa|responsabilité|dispositions|disposiciones|conforme|responsabilidad)\b|\u00a7",
    re.I,
)
_VERSION = re.compile(r"\W*(?:release |version )?v?\d+\.\d+|\W*unreleased", re.I)
_DOCUMENTATION = re.compile(
    r"\b(?:install\w*|usage|getting started|quick ?start|licen[sc]e|contribut\w+|requirements|configuration|features"
    r"|documentation|api|examples?|dependencies)\b",
    re.I,
)
_SHORTEST_CLAUSE = 40  # characters
_VERSIONS = 3  # headings that make a list of changes, if they are half of all
_LEAST_NAMED = 0.25  # of the headings, with words of documentation
_PICTURES = 2  # badges, as a rule
_LEAST_PROSE = 0.4  # of the characters that stand in paragraphs and lists
_MOST_LINES, _LONGEST_LINE = 5_000, 200  # by which code is told
_MOST_CODE, _MOST_ROWS = 0.35, 0.7  # of the lines


class Genre(StrEnum):
    PROSE = "prose"  # what follows can't be summed up by some of its sentences
    CODE = "code"
    FRAGMENTS = "fragments"
    LAW = "law"
    CHANGES = "changes"
    DOCUMENTATION = "documentation"


WHY = {
    Genre.CODE: "is mostly code, data, a table or markup",
    Genre.FRAGMENTS: "is mostly single lines and no sentences",
    Genre.LAW: "reads like a licence or a law, where every clause counts",
    Genre.CHANGES: "reads like a list of changes",
    Genre.DOCUMENTATION: "reads like documentation",
}


def genre_of(text: str, reading: Reading, sentences: Sequence[Sentence]) -> Genre:
    """Of a written document; `sentences` are those of its reading that are prose."""
    versions = sum(_VERSION.match(heading.text) is not None for heading in reading.headings)
    if versions >= max(_VERSIONS, len(reading.headings) / 2):
        return Genre.CHANGES
    prose = sum(len(sentence.text) for sentence in sentences)
    others = sum(len(sentence.text) for sentence in reading.sentences) - prose
    apart = sum(reading.other.values())
    if reading.other[Shape.HTML] > prose or apart > 2 * (prose + others):
        return Genre.CODE
    if not reading.other[Shape.FENCE] and _is_code(text):
        return Genre.CODE
    return _genre_of_words(reading, prose / max(1, prose + others))


def _genre_of_words(reading: Reading, share: float) -> Genre:
    if _is_law(reading.sentences):
        return Genre.LAW
    if _is_documentation(reading):
        return Genre.DOCUMENTATION
    if _is_verse(reading.sentences) or share < _LEAST_PROSE:
        return Genre.FRAGMENTS
    return Genre.PROSE


def _is_code(text: str) -> bool:
    lines = [line for line in text.split("\n", _MOST_LINES)[:_MOST_LINES] if line.strip()]
    rows = sum(_ROW.match(line[:_LONGEST_LINE]) is not None for line in lines)
    code = sum(_CODE.match(line[:_LONGEST_LINE]) is not None for line in lines)
    return len(lines) >= 3 and (code > _MOST_CODE * len(lines) or rows > _MOST_ROWS * len(lines))


def _is_law(sentences: Sequence[Sentence]) -> bool:
    clauses = [sentence.text for sentence in sentences if len(sentence.text) >= _SHORTEST_CLAUSE]
    found = [{match.casefold() for match in _LAW.findall(clause)} for clause in clauses]
    return len(set().union(*found)) >= 4 and sum(map(bool, found)) >= 0.4 * len(found)


def _is_documentation(reading: Reading) -> bool:
    named = sum(_DOCUMENTATION.search(heading.text) is not None for heading in reading.headings)
    shown = bool(reading.other[Shape.FENCE]) or reading.images >= _PICTURES
    usual = named >= _LEAST_NAMED * len(reading.headings)
    return usual and (named >= 3 or (named >= 1 and shown))


def _is_verse(sentences: Sequence[Sentence]) -> bool:
    """Whether most lines end before the margin, and not as sentences do."""
    single = sum(sentence.kind is Kind.LINE and not is_ended(sentence.text) for sentence in sentences)
    return single > len(sentences) / 2
