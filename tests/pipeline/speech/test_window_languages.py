"""Which parts of a block are heard in which language; the model's answers are given."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.speech.batcher import Batcher
from pipeline.speech.encoded import Encoded
from pipeline.speech.identification import Identification
from pipeline.speech.languages import Languages
from pipeline.speech.spans import to_windows
from pipeline.speech.transcript import Span
from pipeline.speech.whisper import Whisper
from pipeline.speech.window_languages import Spoken, WindowLanguages

NO_FEATURES = np.zeros((80, 0), np.float32)
AT = 300.0  # seconds before the block

Found = list[tuple[str, float]]
ENGLISH: Found = [("<|en|>", 0.98), ("<|de|>", 0.01)]
GERMAN: Found = [("<|de|>", 0.99), ("<|en|>", 0.0)]
BOTH: Found = [("<|de|>", 0.54), ("<|en|>", 0.45)]
TURNS_BACK: Found = [("<|en|>", 0.9), ("<|de|>", 0.09)]  # may turn, and is English altogether


class Model(Whisper):
    """Knows for each span what is spoken there, and what it was asked. A window is encoded as its own times."""

    window_seconds = 30.0

    def __init__(self, answers: dict[Span, Found], *, multilingual: bool = True) -> None:
        self._answers = answers
        self._many = multilingual
        self.asked: list[list[Span]] = []

    @property
    def multilingual(self) -> bool:
        return self._many

    def encoder_frames(self, _piece: object) -> int:
        return 3_000

    def identify(self, windows: Sequence[Identification]) -> None:
        self.asked.append([(each.start, each.end) for each in windows])
        for each in windows:
            assert each.features is NO_FEATURES
            each.languages = self._answers[each.start, each.end]
            each.encoded = Encoded(np.array([[each.start, each.end]], np.float32), None, "cpu")


def of(
    model: Model, speech: list[Span], *, asked: str | None = None, batch_size: int = 4
) -> tuple[list[Spoken], Languages]:
    languages = Languages(asked, multilingual=model.multilingual)
    windows = WindowLanguages(model, Batcher(model, batch_size), languages)
    return windows.of(NO_FEATURES, to_windows(speech, 30.0), speech, AT, lambda: None), languages


def test_a_model_of_english_is_asked_nothing() -> None:
    model = Model({}, multilingual=False)
    spoken, languages = of(model, [(0.0, 20.0), (21.0, 40.0)], asked="de")
    assert spoken == [Spoken((0.0, 20.0), "en"), Spoken((21.0, 40.0), "en")]
    assert model.asked == []
    assert languages.warnings == ()


def test_windows_of_one_language_stay_as_they_are() -> None:
    model = Model({(0.0, 28.0): ENGLISH, (29.0, 50.0): ENGLISH})
    spoken, languages = of(model, [(0.0, 20.0), (21.0, 28.0), (29.0, 50.0)])
    assert spoken == [Spoken((0.0, 28.0), "en"), Spoken((29.0, 50.0), "en")]
    assert model.asked == [[(0.0, 28.0), (29.0, 50.0)]]
    assert languages.warnings == ()


SPEECH: list[Span] = [(0.0, 4.0), (4.5, 9.0), (9.5, 14.0), (15.0, 19.0), (20.0, 28.0)]


def test_a_window_that_may_turn_is_cut_and_each_part_is_asked_about() -> None:
    model = Model({(0.0, 28.0): BOTH, (0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): GERMAN})
    spoken, languages = of(model, SPEECH)
    assert model.asked == [[(0.0, 28.0)], [(0.0, 9.0), (9.5, 19.0), (20.0, 28.0)]]
    assert spoken == [Spoken((0.0, 9.0), "en"), Spoken((9.5, 28.0), "de")]
    assert languages.warnings == ("From 0:05:00 to 0:05:09 the recording is in English.",)


def test_a_part_between_two_of_another_language_stands_by_itself() -> None:
    model = Model({(0.0, 28.0): BOTH, (0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): ENGLISH})
    spoken, _ = of(model, SPEECH)
    assert spoken == [Spoken((0.0, 9.0), "en"), Spoken((9.5, 19.0), "de"), Spoken((20.0, 28.0), "en")]


def test_parts_of_one_language_are_joined_again() -> None:
    parts = {(0.0, 9.0): ENGLISH, (9.5, 19.0): ENGLISH, (20.0, 28.0): ENGLISH}
    spoken, languages = of(Model({(0.0, 28.0): TURNS_BACK, **parts}), SPEECH)
    assert spoken == [Spoken((0.0, 28.0), "en")]
    assert languages.warnings == ()


def test_neighbours_of_one_language_share_a_window_as_long_as_they_fit() -> None:
    model = Model(
        {
            (0.0, 28.0): BOTH,
            (0.0, 9.0): ENGLISH,
            (9.5, 19.0): GERMAN,
            (20.0, 28.0): GERMAN,
            (30.0, 38.0): GERMAN,
            (40.0, 45.0): GERMAN,
            (30.0, 45.0): GERMAN,
        }
    )
    spoken, _ = of(model, [*SPEECH, (30.0, 38.0), (40.0, 45.0)])
    assert spoken == [Spoken((0.0, 9.0), "en"), Spoken((9.5, 28.0), "de"), Spoken((30.0, 45.0), "de")]
    parts = {(30.0, 36.0): GERMAN, (37.0, 46.0): ENGLISH, (47.0, 56.0): ENGLISH, (30.0, 56.0): BOTH}
    model = Model({**model._answers, **parts})
    spoken, _ = of(model, [*SPEECH, (30.0, 36.0), (37.0, 46.0), (47.0, 56.0)])
    assert spoken == [Spoken((0.0, 9.0), "en"), Spoken((9.5, 36.0), "de"), Spoken((37.0, 56.0), "en")]


def test_what_stays_whole_keeps_what_was_encoded_beside_what_is_cut() -> None:
    cut = {(0.0, 28.0): BOTH, (0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): GERMAN}
    others = {(40.0 * number, 40.0 * number + 25): GERMAN for number in (1, 2, 3)}
    spoken, _ = of(Model({**cut, **others}), [*SPEECH, *others])
    kept = [each.encoded and each.encoded.values.tolist() for each in spoken]
    assert kept == [None, None, *([list(each.span)] for each in spoken[2:])]


def test_all_that_is_cut_is_asked_about_together() -> None:
    first = {(0.0, 28.0): BOTH, (0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): GERMAN}
    second = {(start + 60, end + 60): found for (start, end), found in first.items()}
    model = Model({**first, **second})
    spoken, _ = of(model, [*SPEECH, *((start + 60, end + 60) for start, end in SPEECH)], batch_size=8)
    whole = [(0.0, 28.0), (60.0, 88.0)]
    assert model.asked == [whole, [span for span in model._answers if span not in whole]]
    assert [each.language for each in spoken] == ["en", "de", "en", "de"]


def test_who_is_no_longer_wanted_stops_asking() -> None:
    model = Model({(0.0, 25.0): ENGLISH, (30.0, 55.0): ENGLISH})

    def gone() -> None:
        raise KeyError("gone")

    windows = WindowLanguages(model, Batcher(model, 1), Languages(None, multilingual=True))
    speech = list(model._answers)
    with pytest.raises(KeyError):
        windows.of(NO_FEATURES, speech, speech, AT, gone)
    assert len(model.asked) == 1


def test_what_cant_be_cut_is_asked_about_once() -> None:
    model = Model({(0.0, 28.0): BOTH})
    spoken, _ = of(model, [(0.0, 28.0)])
    assert model.asked == [[(0.0, 28.0)]]
    assert spoken == [Spoken((0.0, 28.0), "de")]


@pytest.mark.parametrize(("batch_size", "calls"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (8, [5])])
def test_windows_are_asked_about_in_batches(batch_size: int, calls: list[int]) -> None:
    speech = [(30.0 * number, 30.0 * number + 25) for number in range(5)]
    model = Model({span: ENGLISH if span[0] < 60 else GERMAN for span in speech})
    spoken, _ = of(model, speech, batch_size=batch_size)
    assert [len(call) for call in model.asked] == calls
    assert [each.language for each in spoken] == ["en", "en", "de", "de", "de"]


def test_what_was_asked_for_is_heard_and_told() -> None:
    model = Model({(0.0, 28.0): BOTH, (0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): GERMAN})
    spoken, languages = of(model, SPEECH, asked="en")
    assert spoken == [Spoken((0.0, 28.0), "en")]
    assert languages.warnings == (
        "From 0:05:09 to 0:05:28 the recording seems to be in German; it was heard as English, as asked for, and what"
        " is written there may be wrong.",
    )


def test_where_the_language_is_said_to_change_each_part_is_asked_about() -> None:
    """Also where the window as a whole is English beyond doubt."""
    parts = {(0.0, 9.0): ENGLISH, (9.5, 19.0): GERMAN, (20.0, 28.0): ENGLISH}
    model = Model({(0.0, 28.0): ENGLISH, **parts})
    spoken, languages = of(model, SPEECH, asked="multi")
    assert model.asked == [[(0.0, 28.0)], [*parts]]
    assert spoken == [Spoken((0.0, 9.0), "en"), Spoken((9.5, 19.0), "de"), Spoken((20.0, 28.0), "en")]
    assert languages.warnings == ()


def test_no_speech_is_no_window() -> None:
    assert of(Model({}), [])[0] == []
