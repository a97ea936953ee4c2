"""Which language each window of a recording is recognized in, and what is told about it.

Whisper writes fluently in the language that it is told, whatever was spoken: a change that nobody notices comes out as
a translation at best. So a window's own language counts where the model is sure of it, and nothing is written in
another one without a warning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from pipeline.language_names import MULTI, language_name
from pipeline.speech.caveats import clocks, listed

# Measured with Whisper base on English, German, and both in one window, clean, quiet, noisy and by telephone
_SURE = 0.7  # a poor meeting's English was Welsh with 0.46, but never more; German had 0.99
_SHORT, _QUITE_SURE = 2.0, 0.9  # seconds, and what it takes below five of them
_LIKELY = 0.5  # where the language is known to change
_PARTLY = 0.5  # of a window that is half in this language and half in another
_PERHAPS, _UNLIKELY = 0.25, 0.1  # this or more for one language while the other has less than that
_LONG = 5.0  # seconds; half a second of English was Polish with 0.78
_SECOND = 0.03  # what 4.5 s of German leave in 25 s of English, and the other way about
_ENGLISH = "en"

_ALIKE = (("bs", "hr", "sr"), ("hi", "ur"), ("id", "ms"), ("nn", "no"), ("yue", "zh"))
"""Whisper takes these for one another: they differ in writing more than in speech."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What the model takes a window for. `languages` are the most probable with their probabilities, as CTranslate2's
    `detect_language` gives them, the first above all. Times are seconds of the recording.
    """

    start: float
    end: float
    languages: Sequence[tuple[str, float]]  # such as `<|en|>` or `en`

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def likeliest(self) -> str:
        return _code(self.languages[0][0])

    @property
    def may_turn(self) -> bool:
        """Whether another language may be spoken for a part of it, long enough to be worth hearing by itself."""
        return self.seconds >= 2 * _LONG and self.likeliest_but(self.likeliest)[1] >= _SECOND

    def is_sure(self, language: str, *, expected: bool = False) -> bool:
        """`expected`: that it changes, so that less tells it."""
        if self.seconds < _SHORT:
            return False
        sure, quite_sure = (_LIKELY, _SURE) if expected else (_SURE, _QUITE_SURE)
        return self.probability(language) >= (sure if self.seconds >= _LONG else quite_sure)

    def probability(self, language: str) -> float:
        """Of this one or one like it."""
        among = _alike(language)
        return sum(probability for token, probability in self.languages if _code(token) in among)

    def likeliest_but(self, language: str) -> tuple[str, float]:
        """The most probable that is neither this one nor like it, with its probability."""
        others = [code for token, _ in self.languages if (code := _code(token)) not in _alike(language)]
        return max(
            ((code, self.probability(code)) for code in others), key=itemgetter(1), default=(language, 0.0)
        )


@dataclass(frozen=True, slots=True)
class LanguageStretch:
    """Windows in a row that were spoken and heard as the same."""

    start: float
    end: float
    spoken: str
    heard_as: str


class Languages:
    """One recording's, decided while it is heard. `asked` is what the user named, or MULTI.

    A model that knows English only can't tell: everything is English, and nothing is said. `changes`: the user has said
    that the language does; then it is told of every segment, and is no warning.
    """

    def __init__(self, asked: str | None, *, multilingual: bool) -> None:
        self.changes = multilingual and asked == MULTI
        self._only = (None if self.changes else asked) if multilingual else _ENGLISH
        self._tells = multilingual
        self._current: str | None = self._only  # of the last window that was sure
        self._seconds: dict[str, float] = {self._only: 0.0} if self._only else {}
        self._stretches: list[LanguageStretch] = []

    def go_on(self, stretches: Sequence[LanguageStretch]) -> None:
        """Behind what another has decided, whose `up_to` this is: before anything is decided here."""
        for one in stretches:
            self._seconds[one.heard_as] = self._seconds.get(one.heard_as, 0.0) + one.end - one.start
            self._current = one.heard_as
        self._stretches = list(stretches)

    def up_to(self, end: float) -> tuple[LanguageStretch, ...]:
        """What has been decided of the windows that begin before `end`, a window's end."""
        return tuple(replace(one, end=min(one.end, end)) for one in self._stretches if one.start < end)

    @property
    def main(self) -> str | None:
        """What most was heard as, or is to be; None while that isn't known."""
        return max(self._seconds, key=self._seconds.__getitem__, default=None)

    def decide(self, windows: Sequence[Detection]) -> list[str]:
        """The language of each window. They come in order; the more come at once, the better the first are told."""
        if not self._tells:
            return [_ENGLISH] * len(windows)
        if self._current is None and windows:
            self._current = _most_probable(windows)
        return [self._decided(window) for window in windows]

    @property
    def warnings(self) -> tuple[str, ...]:
        changes = [one for one in self._stretches if one.spoken == one.heard_as != self.main]
        doubtful = [one for one in self._stretches if one.spoken != one.heard_as]
        texts = []
        if changes and not self.changes:
            texts.append(f"{_told(changes, 'is')}.")
        if doubtful:
            verb, heard_as = (
                ("seems to be", f"{language_name(self._only)}, as asked for,")
                if self._only
                else ("may be", "another language")
            )
            texts.append(
                f"{_told(doubtful, verb)}; it was heard as {heard_as} and what is written there may be wrong."
            )
        return tuple(texts)

    def _decided(self, window: Detection) -> str:
        heard_as = self._only or self._free(window)
        self._seconds[heard_as] = self._seconds.get(heard_as, 0.0) + window.seconds
        other, _ = window.likeliest_but(heard_as)
        doubtful = self._is_other(window, other) if self._only else _may_be_other(window, other, heard_as)
        self._note(window, other if doubtful else heard_as, heard_as)
        return heard_as

    def _free(self, window: Detection) -> str:
        """The language where the user named none."""
        current = self._current or window.likeliest
        known = [current, *self._seconds]
        own = next((one for one in known if one in _alike(window.likeliest)), window.likeliest)
        if window.is_sure(own, expected=self.changes):
            self._current = own
            return own
        return max(current, self.main or current, key=window.probability)

    def _is_other(self, window: Detection, other: str) -> bool:
        """A short one too, where it goes on with a stretch."""
        goes_on = bool(self._stretches) and self._stretches[-1].spoken == other
        return window.is_sure(other) or (goes_on and window.probability(other) >= _SURE)

    def _note(self, window: Detection, spoken: str, heard_as: str) -> None:
        last = self._stretches[-1] if self._stretches else None
        if last and (last.spoken, last.heard_as) == (spoken, heard_as):
            self._stretches[-1] = replace(last, end=window.end)
        else:
            self._stretches.append(LanguageStretch(window.start, window.end, spoken, heard_as))


def _code(token: str) -> str:
    return token.strip("<|>")


def _alike(language: str) -> tuple[str, ...]:
    return next((among for among in _ALIKE if language in among), (language,))


def _may_be_other(window: Detection, other: str, heard_as: str) -> bool:
    enough = _PERHAPS if window.probability(heard_as) < _UNLIKELY else _PARTLY
    return window.seconds >= _LONG and window.probability(other) >= enough


def _most_probable(windows: Sequence[Detection]) -> str:
    """By seconds, each window's shared out among its languages."""
    seconds: dict[str, float] = {}
    for window in windows:
        for token, probability in window.languages:
            code = _code(token)
            seconds[code] = seconds.get(code, 0.0) + probability * window.seconds
    return max(seconds, key=seconds.__getitem__)


def _told(stretches: Sequence[LanguageStretch], verb: str) -> str:
    first, *others = stretches
    return listed(
        [
            f"From {clocks(first.start, first.end)} the recording {verb} in {language_name(first.spoken)}",
            *(f"from {clocks(one.start, one.end)} in {language_name(one.spoken)}" for one in others),
        ]
    )
