"""The fields of a POST beside its inputs: collected in any order, then read into a `SmeltOptions`.

Everything that is wrong is collected as faults, so that one answer names it all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar
from uuid import UUID

from api.errors import MAX_NAME_CHARS, ApiError, Fault, FaultCode, refusal, shown
from pipeline.language_names import language_code
from pipeline.speech.speakers import MOST_SPEAKERS
from pipeline.states import Channels, DefaultPromptName, SmeltMode, SpeechTask

MAX_FIELDS = 64
MAX_FIELD_BYTES = 8_192
MAX_VOCABULARY_CHARS = 2_000
MIN_TTL, MAX_TTL = 60, 604_800  # seconds
LANGUAGE_RULE = "Must be a language code such as `en` or `de`."

_WITHIN_CHAR = bytes(range(0x80, 0xC0))  # UTF-8's bytes behind a character's first
_NO_TEXT = re.compile("[\0\ud800-\udfff]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fields:
    """The names that a call knows: those that are given once, and those that may be repeated.

    `inputs`: those of its inputs, which stand beside the form. `others_ignored`: names that it doesn't know are passed
    over, instead of refused. `ends`: those of which only the end is of use, however long they are. `implied`: values
    that the call itself stands for; nobody sends them.
    """

    single: frozenset[str]
    repeated: frozenset[str]
    inputs: frozenset[str] = frozenset()
    others_ignored: bool = False
    ends: frozenset[str] = frozenset()
    implied: Mapping[str, str] = field(default_factory=dict)

    def nearest(self, name: str) -> str | None:
        """The name that was probably meant."""
        names = sorted(self.single | self.repeated | self.inputs)
        return next(iter(get_close_matches(name[:MAX_NAME_CHARS].lower(), names, n=1, cutoff=0.7)), None)

    def know(self, name: str) -> bool:
        return name in self.single or name in self.repeated


SMELT_FIELDS = Fields(
    single=frozenset(
        {
            *("mode", "user_prompt_id", "language", "task", "vocabulary", "webhook_url", "content_ttl"),
            *("channels", "speakers", "min_speakers", "max_speakers"),
        }
    ),
    repeated=frozenset({"default_prompt_names"}),
    inputs=frozenset({"files", "texts"}),
)


@dataclass(frozen=True, slots=True)
class SmeltOptions:
    """What the client asks to be done with its inputs. `content_ttl` in seconds; None: the setting's."""

    mode: SmeltMode
    default_prompt_names: tuple[DefaultPromptName, ...]
    user_prompt_id: UUID | None
    language: str | None
    vocabulary: str | None
    content_ttl: int | None
    webhook_url: str | None = None
    task: SpeechTask = SpeechTask.TRANSCRIBE
    channels: Channels = Channels.MIXED
    speakers: bool = False
    min_speakers: int | None = None
    max_speakers: int | None = None

    @property
    def prompts(self) -> int:
        return len(self.default_prompt_names) + (self.user_prompt_id is not None)


@dataclass(slots=True)
class Form:
    """Raw values by name. An empty value is the same as none: HTML forms send their empty fields."""

    fields: Fields
    values: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values |= {name: [value] for name, value in self.fields.implied.items()}

    def add(self, name: str, value: str) -> None:
        if not self.fields.know(name):
            meant = self.fields.nearest(name)
            self.unknown(name, "There is no such field." + (f" Did you mean `{meant}`?" if meant else ""))
            return
        if value == "":
            return
        if not _is_text(value):
            self.bad(name, "Must be text.")
            return
        given = self.values.setdefault(name, [])
        if given and name in self.fields.single:
            self.faults.append(
                Fault(FaultCode.DUPLICATE_FIELD, "This field may be given once only.", field=name)
            )
        else:
            given.append(value)

    def unknown(self, name: str, detail: str) -> None:
        self.faults.append(Fault(FaultCode.UNKNOWN_FIELD, detail, field=shown(name) or "(unnamed)"))

    def bad(self, name: str, detail: str) -> None:
        self.faults.append(Fault(FaultCode.INVALID_VALUE, detail, field=shown(name) or "(unnamed)"))

    def one(self, name: str) -> str | None:
        return self.values.get(name, [None])[0]


class FieldValue:
    """A field's value while it arrives; goes into the form at its end."""

    def __init__(self, form: Form, name: str) -> None:
        self._form = form
        self._name = name
        self._wanted = form.fields.know(name) or not form.fields.others_ignored
        self._value = bytearray()

    def feed(self, data: bytes) -> None:
        if not self._wanted:
            return
        self._value += data
        if len(self._value) <= MAX_FIELD_BYTES:
            return
        if self._name in self._form.fields.ends:
            self._value = self._value[-MAX_FIELD_BYTES:].lstrip(_WITHIN_CHAR)
        else:
            self._form.bad(self._name, f"At most {MAX_FIELD_BYTES:,} bytes.")
            self._wanted = False

    def finish(self) -> None:
        if not self._wanted:
            return
        try:
            self._form.add(self._name, self._value.decode())
        except UnicodeDecodeError:
            self._form.bad(self._name, "Must be UTF-8.")


def read_options(form: Form) -> SmeltOptions:
    """Reads what can be read; what can't is a fault in `form`, and its value the default."""
    return SmeltOptions(
        mode=read_field(form, "mode", SmeltMode, "Must be `separate` or `combine`.") or SmeltMode.SEPARATE,
        default_prompt_names=_prompt_names(form),
        user_prompt_id=read_field(form, "user_prompt_id", UUID, "Must be the id of one of your prompts."),
        language=read_field(form, "language", language_code, LANGUAGE_RULE),
        vocabulary=read_vocabulary(form, "vocabulary"),
        content_ttl=read_field(form, "content_ttl", _ttl, f"Seconds, from {MIN_TTL} to {MAX_TTL}."),
        webhook_url=form.one("webhook_url"),
        task=read_task(form),
        channels=read_field(form, "channels", Channels, "Must be `mixed` or `separate`.") or Channels.MIXED,
        speakers=read_field(form, "speakers", read_flag, "Must be true or false.") or False,
        min_speakers=_speakers(form, "min_speakers"),
        max_speakers=_speakers(form, "max_speakers"),
    )


def read_task(form: Form) -> SpeechTask:
    task = read_field(form, "task", SpeechTask, "Must be `transcribe` or `translate`.")
    return task or SpeechTask.TRANSCRIBE


def read_vocabulary(form: Form, name: str) -> str | None:
    return read_field(form, name, _vocabulary, f"At most {MAX_VOCABULARY_CHARS} characters.")


def read_flag(raw: str) -> bool:
    """Raises ValueError."""
    flags = {"true": True, "1": True, "false": False, "0": False}
    if raw.lower() not in flags:
        raise ValueError("not a flag")
    return flags[raw.lower()]


def read_field(form: Form, name: str, parse: Callable[[str], T | None], detail: str) -> T | None:
    """The value; None if there is none, or if `parse` raises ValueError: then `detail` is a fault."""
    raw = form.one(name)
    if raw is None:
        return None
    try:
        return parse(raw)
    except ValueError:
        form.bad(name, detail)
        return None


def too_many_fields(form: Form) -> ApiError:
    """What was wrong before is named too."""
    return refusal([*form.faults, Fault(FaultCode.TOO_MANY_FIELDS, f"At most {MAX_FIELDS} fields.")])


def _is_text(value: str) -> bool:
    """JSON can spell halves of characters, and NUL is more than Postgres stores."""
    return _NO_TEXT.search(value) is None


def _prompt_names(form: Form) -> tuple[DefaultPromptName, ...]:
    names: dict[DefaultPromptName, None] = {}
    for raw in form.values.get("default_prompt_names", []):
        try:
            names[DefaultPromptName(raw)] = None
        except ValueError:
            known = ", ".join(DefaultPromptName)
            form.bad("default_prompt_names", f"There is no such default prompt. There are: {known}.")
    return tuple(names)


def _vocabulary(raw: str) -> str | None:
    text = raw.strip()
    if len(text) > MAX_VOCABULARY_CHARS:
        raise ValueError("too long")
    return text or None


def _ttl(raw: str) -> int:
    return _count(raw, MIN_TTL, MAX_TTL)


def _speakers(form: Form, name: str) -> int | None:
    return read_field(form, name, lambda raw: _count(raw, 1, MOST_SPEAKERS), f"From 1 to {MOST_SPEAKERS}.")


def _count(raw: str, least: int, most: int) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9 and least <= int(raw) <= most):
        raise ValueError("out of range")
    return int(raw)
