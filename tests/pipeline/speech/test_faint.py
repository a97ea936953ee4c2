"""Speech of which the detector isn't sure, as in a telephone's band, is heard; what proves to be none isn't told of."""

from itertools import pairwise

import pytest

from pipeline.errors import SmeltError
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.levels import levelled
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.spans import find_faint, find_speech, within
from pipeline.speech.transcript import Span
from tests.pipeline.speech.test_completeness import (
    MADE,
    PASSAGE,
    PASSAGE_SAID,
    heard,
    noise,
    quieter,
    silence,
    text,
)
from tests.recordings import word_error_rate
from tests.recordings.samples import by_telephone
from tests.support.deaf_child import deafen
from tests.support.heard import segments_of

LONGEST = 30.0  # seconds
CALL = by_telephone(PASSAGE)


def found(samples: Samples) -> tuple[list[Span], list[Span]]:
    speech = find_speech(samples, LONGEST)
    return speech, find_faint(samples, speech, LONGEST)


def seconds(stretches: list[Span]) -> float:
    return sum(end - start for start, end in stretches)


@pytest.mark.parametrize("decibels", [0, 20, 30, 50])
def test_what_is_said_by_telephone_is_heard(tiny: WhisperRecognizer, decibels: float) -> None:
    """Of what the detector is sure of alone, half to two thirds of the words were wrong, but for the last."""
    segments, recognition = heard(tiny, quieter(decibels, CALL))
    assert word_error_rate(PASSAGE_SAID, text(segments)) <= 0.16
    assert recognition.unheard == []


def test_what_the_detector_is_unsure_of_lies_in_the_pauses() -> None:
    speech, faint = found(levelled(CALL))
    sure = seconds(find_speech(PASSAGE, LONGEST))
    assert seconds(speech) < 0.6 * sure
    assert seconds(speech) + seconds(faint) > 0.8 * sure
    together = sorted([*speech, *faint])
    assert all(before[1] <= after[0] for before, after in pairwise(together))


@pytest.mark.parametrize(("sure", "counts"), [(0.0, True), (4.0, True), (6.0, False)])
def test_a_short_answer_counts_unless_there_is_much_that_is_sure(
    monkeypatch: pytest.MonkeyPatch, sure: float, counts: bool
) -> None:
    """Of 0.75 seconds, in the pause behind."""
    answer = {"start": 1.0 * RATE, "end": 1.75 * RATE}
    monkeypatch.setattr("pipeline.speech.spans.get_speech_timestamps", lambda *_: [answer])
    speech = [(0.0, sure)] if sure else []
    faint = find_faint(MADE[: round((sure + 3.0) * RATE)], speech, LONGEST)
    assert faint == ([(sure + 1.0, sure + 1.75)] if counts else [])


def test_silence_holds_nothing_to_be_unsure_of() -> None:
    assert found(silence(10)) == ([], [])
    assert found(silence(0.2)) == ([], [])


@pytest.mark.parametrize("level", [0.02, 0.05, 0.1])
def test_steady_noise_is_none_however_unsure_the_detector_is(tiny: WhisperRecognizer, level: float) -> None:
    rushing = noise(30, level)
    assert found(levelled(rushing)) == ([], [])
    segments, recognition = heard(tiny, rushing, PASSAGE)
    assert word_error_rate(PASSAGE_SAID, text(segments)) <= 0.1
    assert recognition.unheard == []


def test_what_may_be_no_speech_is_not_told_of_where_no_words_are_made_out(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deafen(monkeypatch, after_seconds=0)
    speech, faint = found(levelled(CALL))
    recognition = Recognition(tiny, Hints())
    with pytest.raises(SmeltError):
        list(segments_of(recognition, cut([CALL])))
    assert faint
    assert 0 < seconds(recognition.unheard) <= seconds(speech)
    assert not any(within(faint, unheard) for unheard in recognition.unheard)
