"""OpenAI's call that translates, spoken by its own client; and `task=translate` of a smelt."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.audio import Translation, TranslationVerbose

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.in_process_worker import SPOKEN, do_all_work
from tests.support.rows import count_smelts
from tests.support.smelts import set_credits
from tests.support.waiting import wait_until

SPEECH = Path(__file__).parent.parent.parent / "recordings" / "speech.m4a"
HEARD = SPOKEN.text
CODE = "translation_unavailable"

Call = Callable[[], Any]


@pytest.fixture
def multilingual(settings: Settings) -> Iterator[RunningApi]:
    """Where the speech model knows many languages, by its name; what is heard is made up all the same."""
    with running(settings.model_copy(update={"whisper_model": "base"})) as api:
        yield api


@pytest.fixture
def sdk(multilingual: RunningApi, cast: Cast, database: Database) -> Iterator[OpenAI]:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 1_000)
    with OpenAI(base_url=f"{multilingual.url}/v1", api_key=cast.ada.token, max_retries=0) as client:
        yield client


def translate(sdk: OpenAI, **options: Any) -> Call:
    create: Any = sdk.audio.translations.create
    return lambda: create(**{"file": SPEECH, "model": "whisper-1", **options})


def answers(calls: list[Call], settings: Settings, database: Database) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as threads:
        waiting = [threads.submit(call) for call in calls]
        wait_until(lambda: count_smelts(database) + sum(call.done() for call in waiting) >= len(calls), 30)
        do_all_work(settings)
        return [call.result(30) for call in waiting]


# What is sent, and whether the answer is as it should be.
CASES: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "nothing said": ({}, lambda said: isinstance(said, Translation) and said.text == HEARD),
    "json": ({"response_format": "json", "temperature": 0}, lambda said: said.text == HEARD),
    "text": ({"response_format": "text"}, lambda said: said == f"{HEARD}\n"),
    "srt": (
        {"response_format": "srt"},
        lambda said: said.startswith("1\n00:00:00,500 --> 00:00:01,500\nAnn"),
    ),
    "vtt": ({"response_format": "vtt"}, lambda said: said.startswith("WEBVTT\n\n00:00:00.500 --> ")),
    "verbose_json": (
        {"response_format": "verbose_json", "prompt": "Ann"},
        lambda said: (
            isinstance(said, TranslationVerbose)
            and (said.text, said.language, said.duration) == (HEARD, "english", 3.5)
            and said.to_dict()["task"] == "translate"
            and [part.text for part in said.segments or ()] == [part.text for part in SPOKEN.segments]
        ),
    ),
    "fields of others": (
        {"extra_body": {"language": "klingon", "stream": "true", "task": "transcribe", "user": "ann"}},
        lambda said: said.text == HEARD,
    ),
}


def test_the_formats_are_openais(
    sdk: OpenAI, settings: Settings, database: Database, subtests: pytest.Subtests
) -> None:
    calls = [translate(sdk, **options) for options, _ in CASES.values()]
    said = answers(calls, settings, database)
    for (name, (_, is_right)), answer in zip(CASES.items(), said, strict=True):
        with subtests.test(name):
            assert is_right(answer), answer
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        translate(sdk, response_format="diarized_json")()
    assert (refused.value.code, refused.value.param) == ("validation_failed", "response_format")
    assert "verbose_json" in refused.value.message
    assert "diarized_json" not in refused.value.message


def test_the_same_key_at_the_other_call_asks_for_something_else(
    sdk: OpenAI, settings: Settings, database: Database
) -> None:
    header = {"Idempotency-Key": "one"}
    [first] = answers([translate(sdk, extra_headers=header)], settings, database)
    assert translate(sdk, extra_headers=header)().text == first.text
    with pytest.raises(openai.ConflictError):
        sdk.audio.transcriptions.create(file=SPEECH, model="whisper-1", extra_headers=header)


def test_a_smelt_translates_and_its_transcript_says_so(
    multilingual: RunningApi, cast: Cast, settings: Settings
) -> None:
    with multilingual.client(cast.ada.headers) as ada:
        tasks = {"translate": "translate", "transcribe": "transcribe", "": "transcribe"}
        for given, task in tasks.items():
            with SPEECH.open("rb") as file:
                smelt = (
                    ada.post("/v1/smelts", files={"files": file}, data={"task": given})
                    .raise_for_status()
                    .json()
                )
            do_all_work(settings)
            at = f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}/transcript"
            assert ada.get(at, params={"format": "json"}).json()["task"] == task
        exported = ada.get("/v1/account/export").json()["tables"]["smelts"]
        assert [smelt["task"] for smelt in exported] == list(tasks.values())
        refused = ada.post("/v1/smelts", json={"texts": ["Ann ships."], "task": "interpret"})
        assert [fault["field"] for fault in refused.json()["errors"]] == ["task"]


def test_a_model_of_english_is_asked_for_no_translation(
    api: RunningApi, ada: httpx.Client, cast: Cast
) -> None:
    with SPEECH.open("rb") as file:
        refused = ada.post("/v1/smelts", files={"files": file}, data={"task": "translate"})
    assert (refused.status_code, refused.json()["code"]) == (422, CODE)
    assert [(fault["field"], fault["code"]) for fault in refused.json()["errors"]] == [("task", CODE)]
    with OpenAI(base_url=f"{api.url}/v1", api_key=cast.ada.token, max_retries=0) as sdk:
        with pytest.raises(openai.UnprocessableEntityError) as untranslated:
            translate(sdk)()
        assert (untranslated.value.code, untranslated.value.type) == (CODE, "invalid_request_error")
        with pytest.raises(openai.AuthenticationError):
            translate(sdk.with_options(api_key="sk-nobody"))()
    assert api.objects() == []
