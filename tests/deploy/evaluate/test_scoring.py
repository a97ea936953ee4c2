"""Error rates by words and by characters, of one recording and of many."""

import pytest

from deploy.evaluate.references import Reference
from deploy.evaluate.scoring import Score, score
from deploy.evaluate.trial import scored_text
from pipeline.speech.transcript import Segment, Transcript, Word


@pytest.mark.parametrize(
    ("said", "heard", "language", "errors"),
    [
        ("the cat sat", "The cat sat.", "en", (3, 0)),
        ("the cat sat", "the hat sat", "en", (3, 1)),
        ("the cat sat", "the sat", "en", (3, 1)),
        ("the cat sat", "so the cat sat down", "en", (3, 2)),
        ("the cat sat", "", "en", (3, 3)),
        ("", "thank you", "en", (0, 2)),
        ("", "", "en", (0, 0)),
        ("[laughter] um, it's the colour (coughs)", "it is the color", "en", (4, 0)),
        ("Mr. Smith paid twenty-one dollars", "mister smith paid $21", None, (4, 0)),
        ("it's the colour", "it is the color", "de", (4, 2)),
        ("Das kostet zwölf Euro, [lacht] oder?", "das kostet zwölf euro oder", "de", (5, 0)),
        ("今日は晴れ。", "今日は雨", "ja", (5, 2)),
    ],
)
def test_words_are_compared_after_normalisation(
    said: str, heard: str, language: str | None, errors: tuple[int, int]
) -> None:
    found = score(said, heard, language)
    assert (found.words, found.word_errors) == errors


def test_characters_are_counted_too() -> None:
    found = score("The cat sat!", "the hat sat", "en")
    assert (found.characters, found.character_errors) == (11, 1)
    assert found.character_error_rate == pytest.approx(1 / 11)


def test_rates_of_several_are_those_of_their_sums() -> None:
    total = Score(1, 1, 4, 4) + Score(3, 0, 12, 0)
    assert total.word_error_rate == 0.25
    assert total.character_error_rate == 0.25
    assert Score(0, 2, 0, 9).word_error_rate is None


TRANSCRIPT = Transcript(
    (
        Segment(0.0, 2.0, "one two", (Word(0.0, 1.0, " one"), Word(1.0, 2.0, " two"))),
        Segment(2.0, 4.0, "three four", (Word(2.0, 3.0, " three"), Word(3.0, 4.0, " four"))),
        Segment(4.0, 5.0, "five"),
    )
)


@pytest.mark.parametrize(
    ("unscored", "text"),
    [
        ((), "one two three four five"),
        (((1.2, 2.8),), "one four five"),
        (((0.0, 0.4), (4.0, 9.0)), "one two three four"),
        (((0.0, 9.0),), ""),
    ],
)
def test_what_is_heard_in_an_unscored_span_is_left_out(
    unscored: tuple[tuple[float, float], ...], text: str
) -> None:
    assert scored_text(TRANSCRIPT, Reference("", unscored)) == text
