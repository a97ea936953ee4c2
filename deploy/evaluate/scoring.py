"""How much of what is said was heard wrong: word and character error rates, after Whisper's normalisation.

That normalisation is described in the appendix of Radford et al. (2023): English loses case, punctuation, fillers and
what stands in brackets, and numbers, contractions and spellings get one form; other languages lose the former three.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

import jiwer

# Ships no types
from whisper_normalizer.basic import BasicTextNormalizer  # type: ignore[import-untyped]
from whisper_normalizer.english import EnglishTextNormalizer  # type: ignore[import-untyped]

_ENGLISH = "en"
_UNSPACED = frozenset({"ja", "lo", "my", "th", "yue", "zh"})  # each letter counts as a word

Normalizer = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts, after normalisation. An error is a word (character) that is wrong, missing, or not said at all."""

    words: int = 0  # of the reference
    word_errors: int = 0
    characters: int = 0
    character_errors: int = 0

    @property
    def word_error_rate(self) -> float | None:
        """From 0; above 1 where more was heard than said. None: the reference has no word."""
        return self.word_errors / self.words if self.words else None

    @property
    def character_error_rate(self) -> float | None:
        return self.character_errors / self.characters if self.characters else None

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.words + other.words,
            self.word_errors + other.word_errors,
            self.characters + other.characters,
            self.character_errors + other.character_errors,
        )


def score(said: str, heard: str, language: str | None) -> Score:
    """`language`: Whisper's code, which chooses the normalisation; None: English."""
    normalize = _normalizer(language or _ENGLISH)
    reference, hypothesis = normalize(said).strip(), normalize(heard).strip()
    words = jiwer.process_words(reference, hypothesis)
    characters = jiwer.process_characters(reference, hypothesis)
    return Score(*_counts(words), *_counts(characters))


def _counts(found: jiwer.WordOutput | jiwer.CharacterOutput) -> tuple[int, int]:
    """How long the reference is, and the errors."""
    return (
        found.hits + found.substitutions + found.deletions,
        found.substitutions + found.deletions + found.insertions,
    )


@cache
def _normalizer(language: str) -> Normalizer:
    if language == _ENGLISH:
        return cast("Normalizer", EnglishTextNormalizer())
    return cast("Normalizer", BasicTextNormalizer(split_letters=language in _UNSPACED))
