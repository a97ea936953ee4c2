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
_LAW_TITLE = re.compile(
    r"\b(?:licen[sc]e|agreement|contract|terms (?:of|and)|privacy policy|constitution|act of \d{4}"
    r"|\w{0,30}gesetz|vertrag|geschäftsbedingungen|licence|contrat|licencia|contrato)\b",
    re.I,
)
_CHANGES_TITLE = re.compile(r"\b(?:release notes|change ?log|what's new in|changes (?:in|since))\b", re.I)
_DOCUMENTATION_NAME = re.compile(r"(?:readme|contributing|install|hacking)(?:[._-]|$)", re.I)
# What only writing about programs has in its sentences: calls, options, names of files, of variables
_CODE_WORD = re.compile(
    r"(?<![\w/.:@-])(?:\w{1,60}\(\)|--[a-z][\w-]{1,60}|[\w/-]{1,60}\.(?:c|h|py|js|md|conf|sh|json|ya?ml)\b"
    r"|[a-z]{1,30}\d?_\w{1,60}|[a-z]{2,30}[A-Z]\w{1,60})"
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
_LEAST_LAW, _LEAST_LAW_BELOW_ITS_TITLE = 0.4, 0.08  # of the clauses, with words of the law
_LEAST_CODE_WORDS = 0.2  # of the sentences
_FEWEST_SENTENCES = 20  # by which that is told
_TITLE_LINES, _LONGEST_TITLE = 3, 80  # the first lines, as far as they are short, may say what it is
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


def genre_of(name: str, text: str, reading: Reading, sentences: Sequence[Sentence]) -> Genre:
    """Of a written document; `name` is its file's, `sentences` are those of its reading that are prose."""
    versions = sum(_VERSION.match(heading.text) is not None for heading in reading.headings)
    if versions >= max(_VERSIONS, len(reading.headings) / 2) or _is_titled(text, _CHANGES_TITLE):
        return Genre.CHANGES
    prose = sum(len(sentence.text) for sentence in sentences)
    others = sum(len(sentence.text) for sentence in reading.sentences) - prose
    apart = sum(reading.other.values())
    if reading.other[Shape.HTML] > prose or apart > 2 * (prose + others):
        return Genre.CODE
    if not reading.other[Shape.FENCE] and _is_code(text):
        return Genre.CODE
    if _is_law(reading.sentences, titled=_is_titled(text, _LAW_TITLE)):
        return Genre.LAW
    if _DOCUMENTATION_NAME.match(name):
        return Genre.DOCUMENTATION
    return _genre_of_words(reading, sentences, prose / max(1, prose + others))


def _genre_of_words(reading: Reading, sentences: Sequence[Sentence], share: float) -> Genre:
    if _is_documentation(reading) or _speaks_of_code(sentences):
        return Genre.DOCUMENTATION
    if _is_verse(reading.sentences) or share < _LEAST_PROSE:
        return Genre.FRAGMENTS
    return Genre.PROSE


def _is_code(text: str) -> bool:
    lines = [line for line in text.split("\n", _MOST_LINES)[:_MOST_LINES] if line.strip()]
    rows = sum(_ROW.match(line[:_LONGEST_LINE]) is not None for line in lines)
    code = sum(_CODE.match(line[:_LONGEST_LINE]) is not None for line in lines)
    return len(lines) >= 3 and (code > _MOST_CODE * len(lines) or rows > _MOST_ROWS * len(lines))


def _is_titled(text: str, pattern: re.Pattern[str]) -> bool:
    first = [line for line in text[:_MOST_LINES].split("\n") if line.strip()][:_TITLE_LINES]
    return any(len(line) <= _LONGEST_TITLE and pattern.search(line) for line in first)


def _speaks_of_code(sentences: Sequence[Sentence]) -> bool:
    told = sum(_CODE_WORD.search(sentence.text) is not None for sentence in sentences)
    return len(sentences) >= _FEWEST_SENTENCES and told >= _LEAST_CODE_WORDS * len(sentences)


def _is_law(sentences: Sequence[Sentence], *, titled: bool) -> bool:
    clauses = [sentence.text for sentence in sentences if len(sentence.text) >= _SHORTEST_CLAUSE]
    found = [{match.casefold() for match in _LAW.findall(clause)} for clause in clauses]
    least = _LEAST_LAW_BELOW_ITS_TITLE if titled else _LEAST_LAW
    return len(set().union(*found)) >= 3 + (not titled) and sum(map(bool, found)) >= least * len(found)


def _is_documentation(reading: Reading) -> bool:
    named = sum(_DOCUMENTATION.search(heading.text) is not None for heading in reading.headings)
    shown = bool(reading.other[Shape.FENCE]) or reading.images >= _PICTURES
    usual = named >= _LEAST_NAMED * len(reading.headings)
    return usual and (named >= 3 or (named >= 1 and shown))


def _is_verse(sentences: Sequence[Sentence]) -> bool:
    """Whether most lines end before the margin, and not as sentences do."""
    single = sum(sentence.kind is Kind.LINE and not is_ended(sentence.text) for sentence in sentences)
    return single > len(sentences) / 2
