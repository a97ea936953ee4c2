"""Which language a window is heard in, and what is told. Probabilities are a real model's where it says so."""

import pytest

from pipeline.speech.languages import Detection, Languages

Found = tuple[tuple[str, float], ...]


def window(start: float, end: float, *languages: tuple[str, float]) -> Detection:
    return Detection(start, end, [(f"<|{code}|>", probability) for code, probability in languages])


def english(start: float, end: float) -> Detection:
    return window(start, end, ("en", 0.98), ("cy", 0.01))


def spanish(start: float, end: float) -> Detection:
    return window(start, end, ("es", 0.95), ("gl", 0.02))


def decided(asked: str | None, *windows: Detection, multilingual: bool = True) -> tuple[list[str], Languages]:
    """One by one, as a stream gives them."""
    languages = Languages(asked, multilingual=multilingual)
    return [languages.decide([one])[0] for one in windows], languages


# What Whisper base gave, int8: a minute of English and German in turn, and the English of two meetings
PURE_GERMAN = (("de", 0.999), ("en", 0.0), ("fr", 0.0))
HALF_GERMAN = (("de", 0.542), ("en", 0.449), ("la", 0.002))  # 5.5 s of English, then 5.4 s of German
MOSTLY_ENGLISH = (("de", 0.786), ("en", 0.192), ("zh", 0.003))  # 24.5 s of English, then 4.4 s of German
MOSTLY_GERMAN = (("de", 0.96), ("en", 0.038), ("cy", 0.0))  # 4.5 s of English, then 24.4 s of German
BARELY_GERMAN = (("en", 0.981), ("de", 0.006), ("cy", 0.002))  # 27.5 s of English, then 1.4 s of German
POOR_ENGLISH = (("en", 0.787), ("ms", 0.069), ("cy", 0.03), ("nn", 0.014))  # a meeting in pink noise at 5 dB
WELSH_ENGLISH = (("cy", 0.455), ("en", 0.351), ("nn", 0.03))  # 7.4 s of the same
SHORT_ENGLISH = (("pl", 0.776), ("ru", 0.057), ("tr", 0.031), ("pt", 0.024))  # 0.66 s

UNASKED = [
    pytest.param([], [], (), id="nothing heard"),
    pytest.param([english(0, 30), english(31, 60)], ["en", "en"], (), id="one language"),
    pytest.param(
        [english(0, 30), english(30, 78), spanish(80, 109), spanish(109.5, 129.6), english(131, 150)],
        ["en", "en", "es", "es", "en"],
        ("From 0:01:20 to 0:02:10 the recording is in Spanish.",),
        id="there and back",
    ),
    pytest.param(
        [english(0, 10), spanish(10, 40)],
        ["en", "es"],
        ("From 0:00:00 to 0:00:10 the recording is in English.",),
        id="most is in the second",
    ),
    pytest.param(
        [english(0, 30), spanish(30, 40), window(40, 50, *PURE_GERMAN)],
        ["en", "es", "de"],
        ("From 0:00:30 to 0:00:40 the recording is in Spanish, from 0:00:40 to 0:00:50 in German.",),
        id="three",
    ),
    pytest.param(
        [english(0, 30), spanish(31, 36)],
        ["en", "es"],
        ("From 0:00:31 to 0:00:36 the recording is in Spanish.",),
        id="short and sure",
    ),
    pytest.param(
        [english(0, 30), window(30, 34.4, *PURE_GERMAN), window(35, 36, *PURE_GERMAN)],
        ["en", "de", "de"],
        ("From 0:00:30 to 0:00:36 the recording is in German.",),
        id="shorter and quite sure",
    ),
    pytest.param(
        [english(0, 30), window(30, 34, ("es", 0.85), ("en", 0.1))],
        ["en", "en"],
        (),
        id="short and fairly sure",
    ),
    pytest.param(
        [english(0, 30), window(31, 31.66, *SHORT_ENGLISH)], ["en", "en"], (), id="too short to be told"
    ),
    pytest.param(
        [window(0, 30, *POOR_ENGLISH), window(30, 37.4, *WELSH_ENGLISH)], ["en", "en"], (), id="poor English"
    ),
    pytest.param(
        [english(0, 60), spanish(60, 75), window(76, 80, ("es", 0.5), ("en", 0.3))],
        ["en", "es", "es"],
        ("From 0:01:00 to 0:01:20 the recording is in Spanish.",),
        id="doubtful in another language's part",
    ),
    pytest.param(
        [english(0, 60), spanish(60, 75), window(76, 80, ("en", 0.5), ("es", 0.3))],
        ["en", "es", "en"],
        ("From 0:01:00 to 0:01:15 the recording is in Spanish.",),
        id="doubtful after another language's part",
    ),
    pytest.param(
        [english(0, 30), window(30, 41, *HALF_GERMAN), english(41, 60)],
        ["en", "en", "en"],
        (
            "From 0:00:30 to 0:00:41 the recording may be in German; it was heard as another language and what is"
            " written there may be wrong.",
        ),
        id="two in one window",
    ),
    pytest.param(
        [english(0, 30), window(30, 36, ("es", 0.35), ("gl", 0.2), ("en", 0.05))],
        ["en", "en"],
        (
            "From 0:00:30 to 0:00:36 the recording may be in Spanish; it was heard as another language and what is"
            " written there may be wrong.",
        ),
        id="hardly the one",
    ),
    pytest.param(
        [window(0, 12, ("hr", 0.6), ("sr", 0.2)), window(12, 30, ("sr", 0.5), ("hr", 0.3), ("bs", 0.1))],
        ["hr", "hr"],
        (),
        id="a language and its like",
    ),
]


@pytest.mark.parametrize(("windows", "chosen", "warnings"), UNASKED)
def test_a_window_is_heard_in_its_own_language(
    windows: list[Detection], chosen: list[str], warnings: tuple[str, ...]
) -> None:
    found, languages = decided(None, *windows)
    assert found == chosen
    assert languages.warnings == warnings


ASKED = [
    pytest.param("en", [english(0, 30)], (), id="as asked for"),
    pytest.param(
        "en",
        [english(0, 30), window(30, 55, *PURE_GERMAN), window(55, 56.7, *PURE_GERMAN), english(60, 70)],
        (
            "From 0:00:30 to 0:00:57 the recording seems to be in German; it was heard as English, as asked for, and"
            " what is written there may be wrong.",
        ),
        id="partly another",
    ),
    pytest.param("en", [window(0, 11, *HALF_GERMAN)], (), id="doubtful"),
    pytest.param("en", [window(0, 0.66, *SHORT_ENGLISH)], (), id="short"),
    pytest.param("no", [window(0, 30, ("nn", 0.9), ("no", 0.05))], (), id="one like it"),
]


@pytest.mark.parametrize(("asked", "windows", "warnings"), ASKED)
def test_what_was_asked_for_is_kept_to(
    asked: str, windows: list[Detection], warnings: tuple[str, ...]
) -> None:
    found, languages = decided(asked, *windows)
    assert found == [asked] * len(windows)
    assert languages.main == asked
    assert languages.warnings == warnings


MULTI_CASES = [
    pytest.param([english(0, 30), spanish(30, 40)], ["en", "es"], id="sure"),
    pytest.param([english(0, 30), window(30, 36, ("es", 0.55), ("en", 0.4))], ["en", "es"], id="likely"),
    pytest.param([english(0, 30), window(30, 36, ("es", 0.45), ("en", 0.4))], ["en", "en"], id="not likely"),
    pytest.param([english(0, 30), window(30, 33, ("es", 0.75), ("en", 0.2))], ["en", "es"], id="short"),
    pytest.param(
        [english(0, 30), window(30, 33, ("es", 0.6), ("en", 0.2))], ["en", "en"], id="short, likely"
    ),
    pytest.param([english(0, 30), window(31, 31.66, *SHORT_ENGLISH)], ["en", "en"], id="too short"),
]


@pytest.mark.parametrize(("windows", "chosen"), MULTI_CASES)
def test_where_the_language_is_said_to_change_less_tells_it_and_it_is_no_warning(
    windows: list[Detection], chosen: list[str]
) -> None:
    found, languages = decided("multi", *windows)
    assert (found, languages.main, languages.changes) == (chosen, "en", True)
    assert languages.warnings == ()


def test_what_stays_doubtful_is_told_there_too() -> None:
    doubtful = window(30, 36, ("es", 0.35), ("gl", 0.2), ("en", 0.05))
    _, languages = decided("multi", english(0, 30), doubtful)
    assert [text.partition(";")[0] for text in languages.warnings] == [
        "From 0:00:30 to 0:00:36 the recording may be in Spanish"
    ]
    found, languages = decided("multi", Detection(0, 30, ()), multilingual=False)
    assert (found, languages.changes) == (["en"], False)


def test_a_model_of_english_says_nothing() -> None:
    found, languages = decided("de", Detection(0, 30, ()), multilingual=False)
    assert found == ["en"]
    assert languages.main == "en"
    assert languages.warnings == ()


def test_at_most_ten_stretches_are_named() -> None:
    turns = [(english if turn % 2 else spanish)(10 * turn, 10 * turn + 9 + turn % 2) for turn in range(26)]
    _, languages = decided(None, *turns)
    (warning,) = languages.warnings
    assert warning.count("in Spanish") == 10
    assert warning.endswith("and 3 more.")


def test_a_doubtful_beginning_is_told_by_what_follows_in_the_same_block() -> None:
    beginning = window(0, 3, ("cy", 0.4), ("en", 0.3))
    assert decided(None, beginning)[0] == ["cy"]
    languages = Languages(None, multilingual=True)
    assert languages.decide([beginning, english(3, 30)]) == ["en", "en"]
    assert languages.main == "en"
    assert languages.warnings == ()


@pytest.mark.parametrize(
    ("seconds", "found", "turns"),
    [
        (30.0, PURE_GERMAN, False),
        (30.0, MOSTLY_GERMAN, True),
        (30.0, MOSTLY_ENGLISH, True),
        (11.0, HALF_GERMAN, True),
        (30.0, BARELY_GERMAN, False),
        (9.0, HALF_GERMAN, False),  # neither half would be long enough to be told
    ],
)
def test_a_window_in_which_the_language_may_turn_is_known(
    seconds: float, found: Found, *, turns: bool
) -> None:
    assert window(0, seconds, *found).may_turn is turns


@pytest.mark.parametrize("asked", [None, "en"])
def test_whoever_goes_on_tells_the_same_of_languages(asked: str | None) -> None:
    """The windows behind the last passage had been looked at, and are looked at again."""
    windows = [english(0, 30), spanish(31, 60), spanish(61, 90), english(91, 120), english(121, 150)]
    _, whole = decided(asked, *windows)
    for kept in range(1, len(windows)):
        taken_up = Languages(asked, multilingual=True)
        taken_up.go_on(whole.up_to(windows[kept - 1].end))
        for window_ in windows[kept:]:
            taken_up.decide([window_])
        assert (taken_up.main, taken_up.warnings) == (whole.main, whole.warnings)
