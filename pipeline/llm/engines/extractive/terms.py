"""The terms of a sentence: what it can be compared by."""

import re

from pipeline.llm.engines.extractive.stop_words import STOP_WORDS

# Scripts written without spaces between words: pairs of neighbouring characters stand in for words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['\u2019-][^\W_{_UNSPACED}]+)*")
_FIRST_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def words(text: str) -> list[str]:
    """Words as written; for scripts without spaces, overlapping pairs of characters."""
    found: list[str] = []
    for run in _RUN.findall(text):
        if _FIRST_UNSPACED.match(run) and len(run) > 1:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run)
    return found


def is_term(word: str, language: str | None) -> bool:
    """Whether a case-folded word can be a topic's: no stop word, and where the language is unknown, any word."""
    stops = STOP_WORDS.get(language or "", frozenset())
    return word.replace("\u2019", "'") not in stops and (len(word) > 1 or not word.isascii())
