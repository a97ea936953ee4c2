"""What a POST in OpenAI's shape asks for: its own names, read into options like any other's."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from api.errors import Code, Fault, FaultCode, refusal
from api.smelts.input_part import Source
from api.smelts.options import (
    LANGUAGE_RULE,
    MAX_VOCABULARY_CHARS,
    Fields,
    Form,
    SmeltOptions,
    read_field,
    read_task,
)
from api.smelts.precheck import Post
from api.smelts.upload import Intake
from api.smelts.upload_schema import UploadSchema
from pipeline.language_names import language_code
from pipeline.speakers.models import may_be_asked_for
from pipeline.states import InputType, SmeltMode, SpeechTask

T = TypeVar("T")

GRANULARITIES = "timestamp_granularities[]"
GRANULARITIES_FIELDS = (GRANULARITIES, "timestamp_granularities")  # OpenAI's service takes both
CHUNKING = "chunking_strategy"
# As the SDK sends the object that it may be instead of `auto`.
CHUNKING_FIELDS = tuple(
    f"{CHUNKING}[{name}]" for name in ("type", "prefix_padding_ms", "silence_duration_ms", "threshold")
)

_SEPARATORS = re.compile(r"""[\[\]",']""")
_NOTHING = frozenset({"", "undefined", "null", "none", "nan"})
"""What JavaScript and Python make of an option that isn't set, where a form takes nothing but text."""
_YES, _NO = frozenset({"true", "1", "on", "yes"}), frozenset({"false", "0", "off", "no"})

TRANSCRIPTION = UploadSchema(
    fields=Fields(
        # model, temperature and chunking_strategy change nothing here: the operator chooses the model, which tries
        # temperatures by itself, and recordings are cut at silence. Neither do fields that OpenAI adds from year to
        # year, or that other servers of this shape take.
        single=frozenset(
            {
                *("model", "language", "prompt", "response_format", "temperature", "stream"),
                *(CHUNKING, *CHUNKING_FIELDS),
            }
        ),
        repeated=frozenset(GRANULARITIES_FIELDS),
        others_ignored=True,
        ends=frozenset({"prompt"}),
    ),
    sources=frozenset({Source.FILE}),
    one_input=True,
)


# OpenAI's own takes no language there: what is spoken is found out, and what comes is English.
TRANSLATION = UploadSchema(
    fields=Fields(
        single=frozenset({"model", "prompt", "response_format", "temperature"}),
        repeated=frozenset(),
        others_ignored=True,
        ends=frozenset({"prompt"}),
        implied={"task": SpeechTask.TRANSLATE},
    ),
    sources=frozenset({Source.FILE}),
    one_input=True,
)


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"


TRANSLATION_FORMATS = tuple(one for one in ResponseFormat if one is not ResponseFormat.DIARIZED_JSON)


class Granularity(StrEnum):
    WORD = "word"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Answer:
    """How the transcript is wanted. `granularities`: the times in `verbose_json`. `stream`: in events.

    `language`: as it was asked for. `task`: by the call.
    """

    response_format: ResponseFormat
    granularities: frozenset[Granularity]
    stream: bool
    language: str | None
    task: SpeechTask


def read_answer(form: Form) -> Answer:
    """Reads what can be read; what can't is a fault in `form`, and its value the default."""
    task = read_task(form)
    formats = TRANSLATION_FORMATS if task is SpeechTask.TRANSLATE else tuple(ResponseFormat)
    known = f"There are: {', '.join(formats)}."
    wanted = read_given(form, "response_format", partial(_response_format, formats), known)
    wanted = wanted or ResponseFormat.JSON
    granularities = _granularities(form)
    stream = read_given(form, "stream", _flag, "Must be true or false.") or False
    # Only text is streamed. With the other formats OpenAI's own service leaves the option aside, too.
    stream = stream and wanted in (ResponseFormat.JSON, ResponseFormat.TEXT)
    language = read_given(form, "language", language_code, LANGUAGE_RULE)
    return Answer(wanted, granularities or frozenset({Granularity.SEGMENT}), stream, language, task)


def read_given(form: Form, name: str, parse: Callable[[str], T | None], detail: str) -> T | None:
    """As `read_field`, of a value that clients mean: what stands for an option that isn't set is none."""
    return read_field(form, name, lambda raw: None if _is_nothing(raw) else parse(raw.strip()), detail)


def _is_nothing(raw: str) -> bool:
    return raw.strip().casefold() in _NOTHING


def checked_transcription(post: Post, intake: Intake) -> SmeltOptions:
    """One recording and no prompt. Speakers are told apart where the answer has a place for them, and it can be done.

    Raises ApiError: anything that is wrong with what was sent, all of it named."""
    form = intake.form
    parts_are_fine = not form.faults
    answer = read_answer(form)
    read_given(form, "temperature", _temperature, "Must be a number from 0 to 1.")
    options = SmeltOptions(
        mode=SmeltMode.SEPARATE,
        default_prompt_names=(),
        user_prompt_id=None,
        language=answer.language,
        task=answer.task,
        vocabulary=read_given(form, "prompt", _last_words, ""),
        content_ttl=None,
        speakers=answer.response_format is ResponseFormat.DIARIZED_JSON
        and may_be_asked_for(post.shared.settings.speaker_models),
    )
    if not intake.parts and parts_are_fine:
        form.faults.append(Fault(FaultCode.MISSING, "Send a recording.", field=Source.FILE.value))
    for received in intake.received:
        if received.kind.input_type is not InputType.AUDIO:
            detail = "The file is a text, not a recording."
            form.faults.append(
                Fault(
                    Code.UNSUPPORTED_FORMAT, detail, Source.FILE.value, received.position, received.filename
                )
            )
    if form.faults:
        raise refusal(form.faults)
    return options


def _last_words(prompt: str) -> str:
    """What a vocabulary may hold of it. It is only a hint, of which OpenAI's service takes the end as well."""
    if len(prompt) <= MAX_VOCABULARY_CHARS:
        return prompt
    end = prompt[-MAX_VOCABULARY_CHARS - 1 :]  # with the letter before, which may belong to the first word
    _, *words = re.split(r"\s+", end, maxsplit=1)
    return words[0] if words else end[1:]


def _granularities(form: Form) -> frozenset[Granularity]:
    """Repeated, or in one value with commas or as a JSON list, as some clients send them."""
    found: set[Granularity] = set()
    for name in GRANULARITIES_FIELDS:
        given = " ".join(form.values.get(name, []))
        try:
            words = _SEPARATORS.sub(" ", given).casefold().split()
            found |= {Granularity(word) for word in words if word not in _NOTHING}
        except ValueError:
            form.bad(name, f"There are: {', '.join(Granularity)}.")
    return frozenset(found)


def _response_format(formats: Sequence[ResponseFormat], raw: str) -> ResponseFormat:
    wanted = ResponseFormat(raw.casefold().replace("-", "_"))
    if wanted not in formats:
        raise ValueError("none of this call's")
    return wanted


def _flag(raw: str) -> bool:
    if raw.casefold() not in _YES | _NO:
        raise ValueError("not a flag")
    return raw.casefold() in _YES


def _temperature(raw: str) -> float:
    """The highest, where there are several to be tried in turn."""
    values = [float(one) for one in _SEPARATORS.sub(" ", raw).split()]
    if not all(0.0 <= value <= 1.0 for value in values):
        raise ValueError("out of range")
    return max(values, default=0.0)
