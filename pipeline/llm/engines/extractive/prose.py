"""Telling running text from all else that a text can hold, by what languages have in common."""

import re
from collections.abc import Sequence

from pipeline.llm.engines.extractive.roles import Role
from pipeline.llm.engines.extractive.sentences import Kind, Sentence
from pipeline.llm.engines.extractive.splitting import is_ended
from pipeline.llm.engines.extractive.stop_words import STOP_WORDS
from pipeline.llm.engines.extractive.terms import words as split_words

_ADDRESS = re.compile(r"(?<![a-z])[a-z][a-z0-9+.-]{1,15}://\S+", re.I)
_SYMBOLS = re.compile(r"[{}\[\]<>=|\\/_$#@^~*+%&`]")
# What mail programs put below every letter
_NOTICE = re.compile(
    r"\b(?:this|the|any) (?:e-?mail|message|communication)\b.{0,200}\b"
    r"(?:confidential|privileged|intended|recipient|virus)"
    r"|\bintended recipient\b|\bdiese e-?mail\b.{0,200}\bvertraulich|\bsent from my \w+",
    re.I,
)
_DIGITS = re.compile(r"\d")
_ASSIGNMENT = re.compile(r"(?:export |set )?[\w.-]{1,60} ?[=:]\S|\S{1,60}\([^)]{0,60}\)\s*[{:;]")
_SEVERITY = re.compile(r"\b(?:DEBUG|INFO|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL|NOTICE)\b")
_MOST_SYMBOLS, _MOST_DIGITS = 0.05, 0.3  # of all characters but spaces
_MOST_CAPITALS = 0.6  # of the words: more is a title or a list of names
_MOST_CAPITALS_IN_A_ROLL = 0.35
_FEWEST_WORDS = 3
_FEWEST_TO_JUDGE = 5  # words of a sentence in which there is one that is common in its language


def has_shape(text: str, words: Sequence[str]) -> bool:
    """Whether a sentence can be one, in whatever language: words, with few signs and figures between them."""
    if (
        len(words) < _FEWEST_WORDS
        or _ASSIGNMENT.match(text)
        or _SEVERITY.search(text[:60])
        or _NOTICE.search(text[:400])
    ):
        return False
    apart = _ADDRESS.sub("", text)
    if apart != text and len(split_words(apart)) < _FEWEST_WORDS:
        return False
    rest = apart.replace(" ", "")
    signs, digits = len(_SYMBOLS.findall(rest)), len(_DIGITS.findall(rest))
    return signs <= max(1, _MOST_SYMBOLS * len(rest)) and digits <= _MOST_DIGITS * len(rest)


def is_prose(
    sentence: Sentence, words: Sequence[str], language: str | None, *, cased: bool, ended: bool
) -> bool:
    """Whether a sentence of the right shape can be quoted by itself.

    `cased`: the text has small letters; `ended`: its paragraphs end as sentences do. Where they don't, nothing is told
    by a missing full stop.
    """
    if sentence.text.endswith((":", "\uff1a", ",")):
        return False
    if sentence.kind is not Kind.SPOKEN and cased and _capitals(words) > _most_capitals(sentence):
        return False
    stops = STOP_WORDS.get(language or "")
    if stops and len(words) >= _FEWEST_TO_JUDGE and not any(word.casefold() in stops for word in words):
        return False
    if not ended or sentence.kind in (Kind.SPOKEN, Kind.ITEM):
        return True
    return sentence.is_whole and is_ended(sentence.text)


def _capitals(words: Sequence[str]) -> float:
    """The share of words that begin with a capital, the first left out."""
    return sum(word[0].isupper() for word in words[1:]) / max(1, len(words) - 1)


def _most_capitals(sentence: Sentence) -> float:
    return _MOST_CAPITALS_IN_A_ROLL if sentence.role is Role.ROLL else _MOST_CAPITALS
