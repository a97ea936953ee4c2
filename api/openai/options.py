"""What a POST in OpenAI's shape asks for: its own names, read into options like any other's."""

import re
from dataclasses import dataclass
from enum import StrEnum

from api.errors import Code, Fault, FaultCode, refusal
from api.smelts.input_part import Source
from api.smelts.options import MAX_VOCABULARY_CHARS, Fields, Form, SmeltOptions, read_field, read_language
from api.smelts.precheck import Post
from api.smelts.upload import Intake
from api.smelts.upload_schema import UploadSchema
from pipeline.states import InputType, SmeltMode

GRANULARITIES = "timestamp_granularities[]"
GRANULARITIES_FIELDS = (GRANULARITIES, "timestamp_granularities")  # OpenAI's service takes both
CHUNKING = "chunking_strategy"
# As the SDK sends the object that it may be instead of `auto`.
CHUNKING_FIELDS = tuple(
    f"{CHUNKING}[{name}]" for name in ("type", "prefix_padding_ms", "silence_duration_ms", "threshold")
)

_SEPARATORS = re.compile(r"""[\[\]",']""")

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


class Granularity(StrEnum):
    WORD = "word"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Answer:
    """How the transcript is wanted. `granularities`: the times in `verbose_json`. `stream`: in events.

    `language`: as it was asked for.
    """

    response_format: ResponseFormat
    granularities: frozenset[Granularity]
    stream: bool
    language: str | None


def read_answer(form: Form) -> Answer:
    """Reads what can be read; what can't is a fault in `form`, and its value the default."""
    known = ", ".join(ResponseFormat)
    wanted = (
        read_field(form, "response_format", ResponseFormat, f"There are: {known}.") or ResponseFormat.JSON
    )
    granularities = _granularities(form)
    stream = read_field(form, "stream", _flag, "Must be true or false.") or False
    # Only text is streamed. With the other formats OpenAI's own service leaves the option aside, too.
    stream = stream and wanted in (ResponseFormat.JSON, ResponseFormat.TEXT)
    return Answer(wanted, granularities or frozenset({Granularity.SEGMENT}), stream, read_language(form))


def checked_transcription(post: Post, intake: Intake) -> SmeltOptions:  # noqa: ARG001 - the same for every caller
    """One recording and no prompt. Raises ApiError: anything that is wrong with what was sent, all of it named."""
    form = intake.form
    parts_are_fine = not form.faults
    language = read_answer(form).language
    read_field(form, "temperature", _temperature, "Must be a number from 0 to 1.")
    options = SmeltOptions(
        mode=SmeltMode.SEPARATE,
        default_prompt_names=(),
        user_prompt_id=None,
        language=language,
        vocabulary=_last_words(form.one("prompt") or "") or None,
        content_ttl=None,
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
    prompt = prompt.strip()
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
            found |= {Granularity(word) for word in _SEPARATORS.sub(" ", given).split()}
        except ValueError:
            form.bad(name, f"There are: {', '.join(Granularity)}.")
    return frozenset(found)


def _flag(raw: str) -> bool:
    flags = {"true": True, "1": True, "false": False, "0": False}
    if raw.lower() not in flags:
        raise ValueError("not a flag")
    return flags[raw.lower()]


def _temperature(raw: str) -> float:
    value = float(raw)
    if not 0.0 <= value <= 1.0:
        raise ValueError("out of range")
    return value
