"""A window's way through the model: its ladder, and where it goes on. Times are seconds from the block's start."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.stream import LADDER, Decoding, Stream
from pipeline.speech.transcript import Span
from pipeline.speech.words import TimedWord
from pipeline.states import SpeechTask

NO_FEATURES = np.zeros((80, 0), np.float32)
SOUND = Decoding((1,), log_probability=-0.3, compression=1.5, no_speech=0.01)
REPETITIVE = Decoding((2,), log_probability=-0.1, compression=9.0, no_speech=0.01)
IMPROBABLE = Decoding((3,), log_probability=-1.4, compression=1.2, no_speech=0.01)
SILENT = Decoding((4,), log_probability=-1.4, compression=1.2, no_speech=0.9)


def stream(start: float = 10.0, end: float = 40.0, speech: tuple[Span, ...] = ((10.5, 39.5),)) -> Stream:
    return Stream(0, start, end, speech, (), "en", NO_FEATURES)


def word(start: float, end: float) -> TimedWord:
    return TimedWord(start, end, " word", (0,))


@pytest.mark.parametrize("decoding", [SOUND, SILENT], ids=["sound", "where nobody seems to speak"])
def test_what_comes_out_well_is_decoded_once(decoding: Decoding) -> None:
    assert stream().settle(decoding) is decoding


@pytest.mark.parametrize("decoding", [REPETITIVE, IMPROBABLE])
def test_what_comes_out_badly_climbs_the_ladder(decoding: Decoding) -> None:
    one = stream()
    for rung in range(1, len(LADDER)):
        assert one.settle(decoding) is None
        assert one.rung == rung
    assert one.settle(decoding) is decoding
    assert one.rung == 0


def test_a_better_try_ends_the_climb_and_the_next_piece_begins_below() -> None:
    one = stream()
    assert one.settle(REPETITIVE) is None
    assert one.settle(SOUND) is SOUND
    assert one.rung == 0
    for _ in range(len(LADDER) - 1):
        assert one.settle(IMPROBABLE) is None
    assert one.settle(IMPROBABLE) is IMPROBABLE, "a try of the piece before was taken"


def of(log_probability: float, compression: float) -> Decoding:
    return Decoding((5,), log_probability, compression, no_speech=0.01)


@pytest.mark.parametrize(
    ("tries", "best"),
    [
        pytest.param([of(-1.2, 1.0), of(-1.1, 1.0), of(-1.9, 1.0)], 1, id="the most probable"),
        pytest.param([of(-0.1, 9.0), of(-1.6, 1.0), of(-1.3, 1.0)], 2, id="before one that repeats itself"),
        pytest.param(
            [of(-1.6, 1.0), of(-0.1, 9.0), of(-0.2, 9.0)], 0, id="the one that doesn't repeat itself"
        ),
        pytest.param([of(-0.3, 9.0), of(-0.2, 5.0), of(-0.4, 3.0)], 1, id="all repeat themselves"),
    ],
)
def test_after_the_last_rung_the_best_is_taken(tries: list[Decoding], best: int) -> None:
    one = stream()
    settled = [one.settle(decoding) for decoding in tries]
    assert settled[:-1] == [None, None]
    assert settled[-1] is tries[best]


@pytest.mark.parametrize(
    ("decoding", "doubtful", "silent"),
    [
        (SOUND, False, False),
        (REPETITIVE, True, False),
        (IMPROBABLE, True, False),
        (SILENT, False, True),
        (Decoding((), -0.2, 0.0, 0.99), False, False),  # sure of its text, whatever else
        (Decoding((), -1.4, 9.0, 0.99), True, True),
    ],
)
def test_what_a_decoding_is_taken_for(decoding: Decoding, *, doubtful: bool, silent: bool) -> None:
    assert (decoding.doubtful, decoding.silent) == (doubtful, silent)


def test_it_goes_on_where_the_last_whole_segment_ended() -> None:
    one = stream()
    words = [word(11.0, 11.5), word(11.5, 15.2)]
    one.advance(words, complete=False)
    assert one.words == words
    assert one.position == 15.1, "a little before, since it is in the middle of speech"
    assert one.left == pytest.approx(24.9)
    assert not one.ended


def test_nothing_more_is_heard_once_all_has_been_said() -> None:
    one = stream()
    one.advance([word(11.0, 39.2)], complete=True)
    assert one.position == 40.0
    assert one.ended


@pytest.mark.parametrize(
    ("speech", "position"),
    [
        pytest.param(((10.5, 20.0), (25.0, 39.5)), 24.9, id="at the next stretch"),
        pytest.param(((10.5, 39.5),), 19.9, id="behind the words, in the middle of a stretch"),
        pytest.param(
            ((10.5, 20.0), (22.0, 22.9), (30.0, 31.0)), 29.9, id="a stretch too short is passed over"
        ),
        pytest.param(((10.5, 20.0), (22.0, 22.9)), 40.0, id="nowhere, if the rest is short"),
        pytest.param(((10.5, 20.9),), 40.0, id="nowhere, if the stretch is nearly over"),
    ],
)
def test_where_the_model_stops_before_speech_does_it_goes_on(
    speech: tuple[Span, ...], position: float
) -> None:
    one = stream(speech=speech)
    one.advance([word(11.0, 20.0)], complete=True)
    assert one.position == pytest.approx(position)


@pytest.mark.parametrize(
    ("task", "stamped", "ended"),
    [
        (SpeechTask.TRANSCRIBE, 39.0, False),
        (SpeechTask.TRANSLATE, 39.0, True),
        (SpeechTask.TRANSLATE, 22.0, False),
        (SpeechTask.TRANSLATE, None, False),
    ],
)
def test_a_translation_goes_on_where_its_last_segment_ends(
    task: SpeechTask, stamped: float | None, *, ended: bool
) -> None:
    """Its last word may stand for any word of what is said."""
    one = stream()
    one.task = task
    one.advance([word(11.0, 20.0)], complete=True, stamped=stamped)
    assert one.ended == ended


def test_silence_behind_a_segment_that_was_cut_off_is_heard() -> None:
    """Where more is to be said, it goes on at the words' end; only speech that follows later is waited for."""
    one = stream(speech=((10.5, 20.0), (25.0, 39.5)))
    one.advance([word(11.0, 20.0)], complete=False)
    assert one.position == 20.0


@pytest.mark.parametrize(("heard", "position"), [(20.5, 20.4), (20.9, 40.0), (21.0, 40.0)])
def test_silence_alone_isnt_heard(heard: float, position: float) -> None:
    """Behind a segment that was cut off the least speech is heard, but not a pause: the model makes words of it."""
    one = stream(speech=((10.5, 21.0),))
    one.advance([word(11.0, heard)], complete=False)
    assert one.position == pytest.approx(position)


@pytest.mark.parametrize("complete", [True, False])
def test_an_empty_decoding_ends_the_window(*, complete: bool) -> None:
    one = stream()
    one.advance([], complete=complete)
    assert one.ended
    assert one.words == []


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("end", [9.0, 10.0, 10.1])
def test_words_that_end_where_they_began_dont_stop_it(end: float, *, complete: bool) -> None:
    one = stream(speech=((10.0, 39.5),))
    one.advance([word(end, end)], complete=complete)
    assert one.position == pytest.approx(10.2)


@given(
    st.lists(st.tuples(st.floats(-5, 35), st.booleans()), min_size=1, max_size=400),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)).map(sorted).map(tuple), max_size=8).map(sorted),
)
def test_progress_is_always_made(steps: list[tuple[float, bool]], speech: list[Span]) -> None:
    """However the model's times jump, a window is over after no more steps than it has fifths of a second."""
    one = Stream(0, 0.0, 30.0, speech, (), "en", NO_FEATURES)
    taken = 0
    while not one.ended and taken < 1_000:
        end, complete = steps[taken % len(steps)]
        before = one.position
        one.advance([word(end - 1, end)], complete=complete)
        assert one.position > before
        taken += 1
    assert taken <= 150
    assert len(one.words) == taken


@pytest.mark.parametrize(("end", "ended"), [(10.0, True), (10.19, True), (10.3, False)])
def test_what_holds_no_word_isnt_heard(end: float, *, ended: bool) -> None:
    assert stream(end=end).ended is ended


def shown(tokens: Sequence[int]) -> tuple[int, ...]:
    return (9, *tokens)


def test_what_follows_sees_the_text_before_it_where_it_is_to() -> None:
    alone, in_context = stream(), replace(stream(), prompt_behind=shown)
    prompts = []
    for end, tokens in ((12.0, (1, 2)), (14.0, (3,))):
        for one in (alone, in_context):
            one.settle(SOUND)
            one.advance([word(end - 1, end)], complete=False, tokens=tokens)
            prompts.append(one.prompt)
    assert prompts == [(), (9, 1, 2), (), (9, 1, 2, 3)]


def test_what_came_out_badly_is_not_shown_again() -> None:
    one = replace(stream(), prompt_behind=shown)
    one.settle(SOUND)
    one.advance([word(11.0, 12.0)], complete=False, tokens=(1,))
    one.settle(REPETITIVE)
    one.settle(SOUND)
    one.advance([word(13.0, 14.0)], complete=False, tokens=(2,))
    prompts = [one.prompt]
    one.settle(SOUND)
    one.advance([word(15.0, 16.0)], complete=False, tokens=(3,))
    assert [*prompts, one.prompt] == [(9,), (9, 3)]
