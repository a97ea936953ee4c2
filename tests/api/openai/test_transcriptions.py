"""OpenAI's shape, spoken by OpenAI's own client."""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI
from openai.types.audio import TranscriptionDiarized
from sqlalchemy import text

from db.session import Database
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.settings import Settings
from pipeline.speech.speakers import labeled, spoken_by
from pipeline.speech.transcript import Segment
from tests.api.conftest import RunningApi
from tests.recordings.samples import encoded
from tests.support.cast import Cast
from tests.support.in_process_worker import SPOKEN, do_all_work
from tests.support.rows import count_smelts
from tests.support.running import RunningService
from tests.support.slow_speech import END, hearing, passage
from tests.support.smelts import set_credits
from tests.support.waiting import wait_until

SPEECH = Path(__file__).parent.parent.parent / "recordings" / "speech.m4a"
HEARD = "Ann ships on Friday. Bob books the room."

Call = Callable[[], Any]
Calls = Callable[[Sequence[Call]], list[Any]]


@pytest.fixture
def sdk(api: RunningApi, cast: Cast) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{api.url}/v1", api_key=cast.ada.token, max_retries=0) as client:
        yield client


@pytest.fixture
def answer(settings: Settings, ada: httpx.Client) -> Iterator[Callable[[Call], Any]]:
    """Makes a call that waits for its transcript, and does the workers' part meanwhile."""
    with ThreadPoolExecutor(1) as threads:

        def made(call: Call) -> Any:
            before = len(smelts(ada))
            waiting: Future[Any] = threads.submit(call)
            wait_until(lambda: waiting.done() or len(smelts(ada)) > before)
            do_all_work(settings)
            return waiting.result(20)

        yield made


@pytest.fixture
def answers(settings: Settings, ada: httpx.Client, database: Database, cast: Cast) -> Calls:
    """Makes calls that wait for their transcripts, all at once, and does the workers' part meanwhile."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1_000)

    def made(calls: Sequence[Call]) -> list[Any]:
        with ThreadPoolExecutor(len(calls)) as threads:
            waiting = [threads.submit(call) for call in calls]
            wait_until(lambda: len(smelts(ada)) + sum(call.done() for call in waiting) >= len(calls), 30)
            do_all_work(settings)
            return [call.result(30) for call in waiting]

    return made


def smelts(client: httpx.Client) -> list[dict[str, Any]]:
    return list(client.get("/v1/smelts").json()["items"])


def statuses(database: Database) -> list[str]:
    with database.service() as conn:
        return list(conn.execute(text("select status from smelts")).scalars())


def transcribe(sdk: OpenAI, **options: Any) -> Call:
    create: Any = sdk.audio.transcriptions.create
    return lambda: create(**{"file": SPEECH, "model": "whisper-1", **options})


def test_the_formats_are_openais(sdk: OpenAI, answer: Callable[[Call], Any]) -> None:
    said = answer(transcribe(sdk, prompt="Ann, Bob", language="en", temperature=0))
    assert (said.text, said.usage.type, said.usage.seconds) == (HEARD, "duration", 3.5)
    assert answer(transcribe(sdk, response_format="text")) == f"{HEARD}\n"
    assert answer(transcribe(sdk, response_format="srt")).startswith(
        "1\n00:00:00,500 --> 00:00:01,500\nAnn ships"
    )
    assert answer(transcribe(sdk, response_format="vtt")).startswith(
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500"
    )
    verbose = answer(
        transcribe(sdk, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    )
    assert (verbose.text, verbose.language, verbose.duration) == (HEARD, "en", 3.5)
    assert [(part.start, part.end, part.text) for part in verbose.segments] == [
        (part.start, part.end, part.text) for part in SPOKEN.segments
    ]
    assert [(word.word, word.start) for word in verbose.words] == [("Ann", 0.5), ("ships on Friday.", 0.8)]


def test_times_come_as_asked(sdk: OpenAI, answer: Callable[[Call], Any]) -> None:
    words = answer(transcribe(sdk, response_format="verbose_json", timestamp_granularities=["word"]))
    assert (words.segments, len(words.words)) == (None, 2)
    segments = answer(transcribe(sdk, response_format="verbose_json"))
    assert (len(segments.segments), segments.words) == (2, None)


def test_a_diarized_answer_has_openais_shape_and_says_that_it_tells_no_speakers_apart(
    sdk: OpenAI, answer: Callable[[Call], Any]
) -> None:
    said = answer(
        transcribe(
            sdk, model="gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy="auto"
        )
    )
    assert isinstance(said, TranscriptionDiarized)
    assert (said.task, said.text, said.duration) == ("transcribe", HEARD, 3.5)
    assert [(part.id, part.type, part.speaker, part.text) for part in said.segments] == [
        (f"seg_{number}", "transcript.text.segment", "A", part.text)
        for number, part in enumerate(SPOKEN.segments)
    ]
    assert [(part.start, part.end) for part in said.segments] == [
        (part.start, part.end) for part in SPOKEN.segments
    ]
    assert "not told apart" in str(said.to_dict()["warnings"])


def test_a_stream_brings_the_text_while_it_is_heard(
    sdk: OpenAI, ada: httpx.Client, settings: Settings
) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(transcribe(sdk, stream=True))
        wait_until(lambda: smelts(ada))
        with hearing(settings) as speech:
            stream = iter(waiting.result(20))
            heard = []
            for number in range(3):
                speech.says(passage(number))
                heard.append(next(stream))
            speech.says(passage(3), END)
            rest = list(stream)
    assert [event.delta for event in heard] == [
        f"{' ' * bool(number)}Sentence number {number}." for number in range(3)
    ]
    assert [event.type for event in rest] == ["transcript.text.delta", "transcript.text.done"]
    assert rest[-1].text == "".join(event.delta for event in (*heard, rest[0]))


def test_a_stream_ends_with_the_whole_text(sdk: OpenAI, answer: Callable[[Call], Any]) -> None:
    events = answer(lambda: list(transcribe(sdk, stream=True)()))
    assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == HEARD


def test_a_diarized_answer_tells_who_speaks_where_that_was_told(
    sdk: OpenAI, ada: httpx.Client, settings: Settings, database: Database
) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(transcribe(sdk, response_format="diarized_json", chunking_strategy="auto"))
        wait_until(lambda: waiting.done() or bool(smelts(ada)))
        with database.service() as conn:
            assert conn.execute(text("select speakers from smelts")).scalars().all() == [True]
        do_all_work(settings, replace(SPOKEN, segments=labeled(by_turns(SPOKEN.segments))))
        said = waiting.result(20)
    assert [part.speaker for part in said.segments] == ["A", "B"]
    assert said.to_dict()["warnings"] == []


def by_turns(segments: Sequence[Segment]) -> list[Segment]:
    return [spoken_by(segment, f"voice {number}") for number, segment in enumerate(segments)]


@pytest.mark.parametrize("form", ["verbose_json", "diarized_json", "srt", "vtt"])
def test_what_openai_doesnt_stream_comes_as_without_a_stream(
    ada: httpx.Client, answer: Callable[[Call], Any], form: str
) -> None:
    def post(**fields: str) -> httpx.Response:
        with SPEECH.open("rb") as speech:
            return ada.post(
                "/v1/audio/transcriptions",
                files={"file": speech},
                data={"model": "whisper-1", "response_format": form, **fields},
            )

    streamed, whole = answer(lambda: post(stream="true")), answer(post)
    assert (streamed.status_code, streamed.text) == (200, whole.text)
    assert streamed.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    "strategy",
    [
        "auto",
        {"type": "server_vad"},
        {"type": "server_vad", "prefix_padding_ms": 300, "silence_duration_ms": 200, "threshold": 0.5},
    ],
)
def test_a_chunking_strategy_changes_nothing(
    sdk: OpenAI, answer: Callable[[Call], Any], strategy: object
) -> None:
    assert answer(transcribe(sdk, chunking_strategy=strategy)).text == HEARD


OPTIONS: list[dict[str, Any]] = [
    {"include": ["logprobs"]},
    {"known_speaker_names": ["Ann"], "known_speaker_references": ["data:audio/wav;base64," + "A" * 300_000]},
    {"timestamp_granularities": ["word"]},
    {"extra_body": {"timestamp_granularities": "word"}},
    {"extra_body": {"timestamp_granularities": '["word", "segment"]'}},
    {"extra_body": {"user": "ann", "vad_filter": True, "hotwords": "Ann", "min_speakers": 2}},
    {"extra_body": {"chunking_strategy": {"type": "server_vad", "new": {"deep": [1]}}}},
    {"extra_body": {"file2": "x", "metadata": {"a": "b"}, "store": False, "": "x"}},
    {"language": "auto"},
    {"language": "en-US"},
    {"language": "English"},
    {"language": " en "},
    {"extra_body": {"language": "undefined", "temperature": "undefined", "prompt": "undefined"}},
    {"extra_body": {"language": "null", "temperature": "null", "response_format": "null", "stream": "null"}},
    {"extra_body": {"language": "None", "temperature": "None", "prompt": "None", "stream": "False"}},
    {"extra_body": {"language": "", "temperature": "", "response_format": "", "stream": " ", "prompt": " "}},
    {"extra_body": {"response_format": "JSON", "temperature": "NaN", "timestamp_granularities": "null"}},
    {"extra_body": {"response_format": " Json ", "temperature": "[0.0, 0.2, 0.4]", "stream": "off"}},
    {"extra_body": {"response_format": "Verbose-JSON", "timestamp_granularities": "Word"}},
]


def test_no_option_that_openai_takes_is_refused(sdk: OpenAI, answers: Calls) -> None:
    assert [said.text for said in answers([transcribe(sdk, **options) for options in OPTIONS])] == [
        HEARD
    ] * len(OPTIONS)


# As their sources write them: the fields, and the name of the file.
PROGRAMS: dict[str, tuple[list[tuple[str, str]], str | None]] = {
    "Open WebUI": ([("model", "whisper-1"), ("language", "en")], "0c5e.wav"),
    "LibreChat": ([("model", "whisper-1"), ("language", "en")], "audio.webm"),
    "Home Assistant": (
        [
            ("model", "gpt-4o-mini-transcribe"),
            ("language", "fil"),
            ("prompt", "Names of rooms: hall, attic."),
            ("response_format", "json"),
        ],
        "a.wav",
    ),
    "n8n": ([("model", "whisper-1"), ("temperature", "0.5")], None),
    "the AI SDK": ([("model", "whisper-1"), ("response_format", "verbose_json")], "audio.m4a"),
    "the AI SDK with another model": (
        [
            ("model", "gpt-4o-transcribe"),
            ("include[]", "logprobs"),
            ("response_format", "json"),
            ("temperature", "0"),
            ("timestamp_granularities[]", "segment"),
        ],
        "audio.m4a",
    ),
    "LiteLLM": (
        [
            ("model", "whisper-1"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("user", "default_user_id"),
            ("metadata[a]", "b"),
        ],
        "file.m4a",
    ),
}


def test_what_known_programs_send_is_taken(ada: httpx.Client, answers: Calls) -> None:
    def post(fields: list[tuple[str, str]], filename: str | None) -> Call:
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields]
        parts.append(("file", (filename, SPEECH.read_bytes(), "application/octet-stream")))
        return lambda: ada.post("/v1/audio/transcriptions", files=parts)

    replies = dict(zip(PROGRAMS, answers([post(*sent) for sent in PROGRAMS.values()]), strict=True))
    assert {name: reply.text for name, reply in replies.items() if not reply.is_success} == {}
    assert {reply.json()["text"] for reply in replies.values()} == {HEARD}


def test_what_isnt_kept_of_the_search_is_null(sdk: OpenAI, answer: Callable[[Call], Any]) -> None:
    [segment, _] = answer(transcribe(sdk, response_format="verbose_json")).segments
    told = segment.model_dump()
    assert (told["id"], told["tokens"], told["avg_logprob"]) == (0, None, None)
    assert set(told) == {
        *("id", "seek", "start", "end", "text", "tokens"),
        *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
    }


@pytest.mark.parametrize(
    ("prompt", "hint"),
    [
        ("Ann, Bob", "Ann, Bob"),
        ("First. " + "x" * 2_000, "x" * 2_000),
        ("First. " + "word " * 400, "word " * 399 + "word"),
        ("First. " + "word " * 399 + "longer", "word " * 398 + "longer"),
        ("語" * 2_500, "語" * 2_000),
        ("x" + "語" * 5_000, "語" * 2_000),
        ("𝄞" * 20_000 + "x", "𝄞" * 1_999 + "x"),
    ],
    ids=[
        "short",
        "fits",
        "words fit",
        "begins within a word",
        "no words",
        "beyond a field",
        "far beyond a field",
    ],
)
def test_of_a_long_prompt_the_last_words_are_the_hint(
    sdk: OpenAI, answer: Callable[[Call], Any], api: RunningApi, prompt: str, hint: str
) -> None:
    answer(transcribe(sdk, prompt=prompt))
    with api.services.database.service() as conn:
        smelt_id, wrapped = conn.execute(text("select id, content_key from smelts")).one()
    key = api.services.keyring.unwrap(wrapped, smelt_context(smelt_id))
    name = ObjectName(smelt_id, smelt_id, Kind.VOCABULARY)
    assert api.services.content.get(name, key).decode() == hint


def test_it_is_a_smelt_like_any_other(
    sdk: OpenAI, answer: Callable[[Call], Any], ada: httpx.Client, api: RunningApi
) -> None:
    raw = answer(lambda: sdk.audio.transcriptions.with_raw_response.create(file=SPEECH, model="any"))
    [smelt] = smelts(ada)
    assert raw.headers["content-location"] == f"/v1/smelts/{smelt['id']}"
    assert (smelt["status"], smelt["mode"], smelt["default_prompt_names"]) == ("completed", "separate", [])
    assert ada.get("/v1/profile").json()["credits_remaining"] == 4
    ada.delete(raw.headers["content-location"]).raise_for_status()
    assert api.objects() == []


@contextmanager
def calling(api: RunningApi, headers: dict[str, str], **fields: str) -> Iterator[None]:
    """Has a call under way, and hangs up."""
    with socket.create_connection(api.address, timeout=30) as connection:
        request = httpx.Request(
            "POST",
            f"{api.url}/v1/audio/transcriptions",
            headers=headers,
            files={"file": SPEECH.open("rb")},
            data={"model": "whisper-1", **fields},
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        connection.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        yield


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_cancels_the_work(
    api: RunningApi, cast: Cast, ada: httpx.Client, *, stream: bool
) -> None:
    with calling(api, cast.ada.headers, stream=str(stream).lower()):
        wait_until(lambda: [smelt["status"] for smelt in smelts(ada)] == ["pending"])
    wait_until(lambda: smelts(ada)[0]["status"] == "canceled")
    assert ada.get("/v1/profile").json()["credits_remaining"] == 5


@pytest.mark.parametrize("who", ["ada", "visitor"])
def test_a_call_that_is_repeated_after_its_time_out_is_worked_on_again(
    api: RunningApi, cast: Cast, settings: Settings, database: Database, who: str
) -> None:
    """However often: each repetition takes the smelt back to work, and lets go of it by hanging up."""
    headers = {**getattr(cast, who).headers, "Idempotency-Key": "impatient"}
    for _ in range(2):
        with calling(api, headers):
            wait_until(lambda: statuses(database) == ["pending"])
        wait_until(lambda: statuses(database) == ["canceled"])
    with ThreadPoolExecutor(1) as threads, api.client(headers) as client:
        waiting = threads.submit(
            client.post,
            "/v1/audio/transcriptions",
            files={"file": SPEECH.open("rb")},
            data={"model": "whisper-1"},
        )
        wait_until(lambda: waiting.done() or statuses(database) == ["pending"])
        do_all_work(settings)
        assert waiting.result(20).json()["text"] == HEARD
    assert statuses(database) == ["completed"]


def test_of_those_who_repeat_a_canceled_call_one_takes_it_back_and_all_get_it(
    api: RunningApi, cast: Cast, settings: Settings, database: Database
) -> None:
    headers = {**cast.ada.headers, "Idempotency-Key": "impatient"}
    with calling(api, headers):
        wait_until(lambda: statuses(database) == ["pending"])
    wait_until(lambda: statuses(database) == ["canceled"])
    with ThreadPoolExecutor(4) as threads:
        waiting = [
            threads.submit(
                httpx.post,
                f"{api.url}/v1/audio/transcriptions",
                headers=headers,
                files={"file": (SPEECH.name, SPEECH.read_bytes())},
                data={"model": "whisper-1"},
                trust_env=False,
                timeout=30,
            )
            for _ in range(4)
        ]
        wait_until(lambda: statuses(database) == ["pending"])
        do_all_work(settings)
        assert [reply.result(20).json().get("text") for reply in waiting] == [HEARD] * 4


def test_who_repeats_a_call_gets_the_same_smelt_and_cancels_nothing(
    sdk: OpenAI, answer: Callable[[Call], Any], ada: httpx.Client
) -> None:
    header = {"Idempotency-Key": "the-same"}
    first = answer(transcribe(sdk, extra_headers=header))
    assert transcribe(sdk, extra_headers=header)().text == first.text
    assert len(smelts(ada)) == 1


BAD: list[tuple[dict[str, Any], int, str, str]] = [
    ({"response_format": "xml"}, 422, "validation_failed", "response_format"),
    ({"timestamp_granularities": ["letter"]}, 422, "validation_failed", "timestamp_granularities[]"),
    (
        {"extra_body": {"timestamp_granularities": "letter"}},
        422,
        "validation_failed",
        "timestamp_granularities",
    ),
    ({"temperature": 3}, 422, "validation_failed", "temperature"),
    ({"language": "klingon"}, 422, "validation_failed", "language"),
    ({"file": ("notes.md", b"Ann ships.")}, 415, "unsupported_format", "file"),
    ({"file": ("empty.wav", b"")}, 422, "validation_failed", "file"),
]


def test_what_is_wrong_is_told_in_openais_shape(
    sdk: OpenAI, ada: httpx.Client, subtests: pytest.Subtests
) -> None:
    for options, status, code, param in BAD:
        with subtests.test(options=options):
            with pytest.raises(openai.APIStatusError) as caught:
                transcribe(sdk, **options)()
            assert (caught.value.status_code, caught.value.code, caught.value.param) == (status, code, param)
            assert caught.value.type == "invalid_request_error"
    assert smelts(ada) == []


def test_refusals_are_the_sdks_own_exceptions(api: RunningApi, sdk: OpenAI, ada: httpx.Client) -> None:
    with pytest.raises(openai.AuthenticationError) as unknown:
        transcribe(sdk.with_options(api_key="sk-nobody"))()
    assert unknown.value.code == "invalid_token"
    for _ in range(5):
        ada.post("/v1/smelts", json={"texts": ["Ann ships."], "default_prompt_names": ["summarize"]})
    with pytest.raises(openai.RateLimitError) as spent:
        transcribe(sdk)()
    assert spent.value.code == "credits_exhausted"
    assert int(spent.value.response.headers["retry-after"]) > 0


@pytest.mark.parametrize("name", ["files", "audio", "file[]", "audio_file"])
def test_a_file_in_another_field_is_refused_with_the_field_that_takes_it(
    ada: httpx.Client, name: str
) -> None:
    reply = ada.post("/v1/audio/transcriptions", files=[(name, ("a.m4a", SPEECH.read_bytes()))])
    assert reply.status_code == 422
    assert reply.json()["error"]["param"] == name
    assert reply.json()["error"]["message"] == "Send files in `file`; this field takes none."


def test_what_is_passed_over_may_be_a_file_too(
    ada: httpx.Client, answer: Callable[[Call], Any], subtests: pytest.Subtests
) -> None:
    """JavaScript's forms make a file of each Blob."""
    recording = ("file", ("a.m4a", SPEECH.read_bytes()))
    for name, field in [("user", "before"), ("known_speaker_references[]", "behind")]:
        with subtests.test(name):
            parts = [(name, ("blob", b"RIFF")), recording]
            sent = parts if field == "before" else parts[::-1]
            reply = answer(partial(ada.post, "/v1/audio/transcriptions", files=sent))
            assert (reply.status_code, reply.json().get("text")) == (200, HEARD)


def test_a_file_input_without_a_choice_is_no_file(ada: httpx.Client) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = ada.post("/v1/audio/transcriptions", content=body, headers=headers)
    assert reply.status_code == 422
    assert reply.json()["error"]["message"] == "Send a recording."
    assert reply.json()["error"]["param"] == "file"


def test_two_files_are_one_too_many(api: RunningApi, ada: httpx.Client) -> None:
    files = [("file", ("a.m4a", SPEECH.read_bytes()))] * 2
    reply = ada.post("/v1/audio/transcriptions", files=files)
    assert (reply.status_code, reply.json()["error"]["param"]) == (422, "file")
    assert api.objects() == []
    reply = ada.post("/v1/audio/transcriptions", json={"file": "x"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_the_real_service_transcribes_for_the_sdk(service: RunningService, subtests: pytest.Subtests) -> None:
    """A recording without speech after it: no words, in a stream and in each format; the smelt says what it was."""
    token = service.cast.bob.token
    with OpenAI(base_url=f"{service.service.address}/v1", api_key=token, max_retries=0) as sdk:
        assert transcribe(sdk, response_format="text")().split()
        silence = SPEECH.with_name("silence.wav")
        with subtests.test("silence"):
            said = transcribe(sdk, file=silence)()
            assert (said.text, said.usage.seconds) == ("", 3.0)
            assert [event.type for event in transcribe(sdk, file=silence, stream=True)()] == [
                "transcript.text.done"
            ]
            assert transcribe(sdk, file=silence, response_format="vtt")().strip() == "WEBVTT"
            verbose = transcribe(sdk, file=silence, response_format="verbose_json")()
            assert (verbose.text, verbose.segments, verbose.language) == ("", [], "")
        without_sound = SPEECH.with_name("video_only.mp4")
        g726 = ("call.wav", encoded("wav", "g726", np.zeros(8_000, np.float32), 8_000))
        for file, code, reason in (
            (without_sound, "no_audio", "no audio track"),
            (g726, "unsupported_codec", "G.726 ADPCM"),
        ):
            for stream in (False, True):
                with (
                    subtests.test(code, stream=stream),
                    pytest.raises(openai.APIError, match=reason) as caught,
                ):
                    list(transcribe(sdk, file=file, stream=stream)())
                assert (caught.value.code, caught.value.param) == (code, "file")


def test_a_visitor_may_transcribe_once_a_day(
    visitor: httpx.Client, settings: Settings, database: Database
) -> None:
    def post() -> httpx.Response:
        return visitor.post("/v1/audio/transcriptions", files={"file": SPEECH.open("rb")})

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(post)
        wait_until(lambda: waiting.done() or count_smelts(database))
        do_all_work(settings)
        assert waiting.result(20).json()["text"] == HEARD
    assert (post().status_code, post().json()["error"]["type"]) == (429, "rate_limit_error")


def test_many_wait_without_a_thread_each(
    api: RunningApi, ada: httpx.Client, cast: Cast, settings: Settings, database: Database
) -> None:
    """More than the server has threads, and it answers others meanwhile."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1_000)
    many = 60
    with ThreadPoolExecutor(many) as threads:
        upload = SPEECH.with_name("telephone.wav").read_bytes()
        waiting = [
            threads.submit(
                httpx.post,
                f"{api.url}/v1/audio/transcriptions",
                headers=cast.ada.headers,
                files={"file": ("a.wav", upload)},
                timeout=60,
                trust_env=False,
            )
            for _ in range(many)
        ]
        wait_until(lambda: count_smelts(database) == many, 40)
        assert ada.get("/v1/usage").is_success
        do_all_work(settings)
        answers = [reply.result(40) for reply in waiting]
    assert {reply.text for reply in answers if not reply.is_success} == set()
    assert {reply.json()["text"] for reply in answers} == {HEARD}
