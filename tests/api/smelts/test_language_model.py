"""Prompts applied by a language model, from the POST to the result: the model is a real server that can fail."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from pipeline.settings import Settings
from pipeline.speech.speakers import labeled, spoken_by
from tests.api.conftest import RunningApi
from tests.support.in_process_worker import SPOKEN, do_all_work
from tests.support.llm_server import STEPS, LlmServer, Step, error
from tests.support.llm_server import running as running_llm
from tests.support.waiting import wait_until
from workers.reconciler.loop import tick
from workers.services import Services

Json = dict[str, Any]
SPEECH = (Path(__file__).parent.parent.parent / "recordings" / "speech.mp3").read_bytes()


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with running_llm() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, llm: LlmServer) -> Settings:
    return settings.model_copy(update={"llm_base_url": llm.url, "llm_model": "gpt-test"})


def post(client: httpx.Client, *texts: str, recording: bool = False, **fields: Any) -> Json:
    """A smelt of texts, or of a recording that says `SPOKEN`."""
    options = fields or {"default_prompt_names": ["summarize"]}
    if not recording:
        return dict(client.post("/v1/smelts", json={"texts": texts, **options}).raise_for_status().json())
    names = [("default_prompt_names", (None, name)) for name in options["default_prompt_names"]]
    parts: list[tuple[str, Any]] = [("files", ("speech.mp3", SPEECH)), *names]
    return dict(client.post("/v1/smelts", files=parts).raise_for_status().json())


def read(client: httpx.Client, smelt: Json) -> Json:
    return dict(client.get(f"/v1/smelts/{smelt['id']}").raise_for_status().json())


def credits_left(client: httpx.Client) -> int:
    return int(client.get("/v1/profile").json()["credits_remaining"])


def own_prompt(client: httpx.Client, body: str) -> str:
    return str(
        client.post("/v1/prompts", json={"title": "Mine", "body": body}).raise_for_status().json()["id"]
    )


def test_a_prompt_edited_while_the_smelt_waits_is_applied_as_it_was(
    api: RunningApi, ada: httpx.Client, llm: LlmServer, settings: Settings
) -> None:
    prompt = own_prompt(ada, "Write a poem about it.")
    smelt = post(ada, "Ann ships.", user_prompt_id=prompt)
    ada.patch(f"/v1/prompts/{prompt}", json={"body": "Write a limerick about it."}).raise_for_status()
    assert not any(b"poem" in path.read_bytes() for path in api.objects())
    do_all_work(settings)

    assert read(ada, smelt)["status"] == "completed"
    assert "Write a poem about it." in llm.calls[0].text
    assert "limerick" not in llm.calls[0].text
    ada.delete(f"/v1/smelts/{smelt['id']}/content").raise_for_status()
    assert api.objects() == []


def test_a_deleted_prompt_leaves_its_smelts_and_their_results(
    ada: httpx.Client, llm: LlmServer, settings: Settings
) -> None:
    prompt = own_prompt(ada, "Write a poem.")
    done, waiting = (post(ada, "Ann ships.", user_prompt_id=prompt) for _ in range(2))
    ada.post(f"/v1/smelts/{waiting['id']}/cancel").raise_for_status()
    do_all_work(settings)
    ada.delete(f"/v1/prompts/{prompt}").raise_for_status()
    ada.post(f"/v1/smelts/{waiting['id']}/retry").raise_for_status()
    do_all_work(settings)

    for smelt in (read(ada, done), read(ada, waiting)):
        output = smelt["outputs"][0]
        assert (smelt["status"], smelt["user_prompt_id"]) == ("completed", None)
        assert (output["default_prompt_name"], output["user_prompt_id"]) == (None, None)
        assert ada.get(f"/v1/smelts/{smelt['id']}/outputs/{output['id']}").text == "Ann ships."
        assert ada.get(f"/v1/smelts/{smelt['id']}/outputs").json()["outputs"][0]["markdown"] == "Ann ships."
    assert [item["id"] for item in ada.get("/v1/smelts").json()["items"]] == [waiting["id"], done["id"]]


def test_combine_gives_the_model_all_files_in_order_once_per_prompt(
    ada: httpx.Client, llm: LlmServer, settings: Settings
) -> None:
    parts: list[tuple[str, Any]] = [
        ("files", ("z.md", "Text of z.")),
        ("files", ("speech.mp3", SPEECH)),
        ("texts", (None, "Pasted.")),
        ("files", ("a.md", "Text of a.")),
        ("mode", (None, "combine")),
        *(("default_prompt_names", (None, name)) for name in ("summarize", "action_items")),
    ]
    smelt = ada.post("/v1/smelts", files=parts).raise_for_status().json()
    names = [file["filename"] for file in smelt["files"]]
    do_all_work(settings)

    smelt = read(ada, smelt)
    assert [output["file_id"] for output in smelt["outputs"]] == [None, None]
    assert len(llm.calls) == 2
    said = ["Text of z.", SPOKEN.segments[0].text, "Pasted.", "Text of a."]
    for call in llm.calls:
        places = [call.input.index(piece) for pair in zip(names, said, strict=True) for piece in pair]
        assert places == sorted(places)
        assert "[0:00" not in call.input


@pytest.mark.parametrize(
    ("body", "marked"), [("Sum it up.", False), ("One line a topic, with [h:mm:ss] before it.", True)]
)
def test_combine_gives_times_only_to_a_prompt_that_shows_their_form(
    ada: httpx.Client, llm: LlmServer, settings: Settings, body: str, *, marked: bool
) -> None:
    parts: list[tuple[str, Any]] = [
        *(("files", ("speech.mp3", SPEECH)), ("files", ("a.md", "Text of a."))),
        *(("mode", (None, "combine")), ("user_prompt_id", (None, own_prompt(ada, body)))),
    ]
    ada.post("/v1/smelts", files=parts).raise_for_status()
    do_all_work(settings)
    assert ("[0:00:00]" in llm.calls[0].input) == marked


def test_tokens_are_summed_over_the_outputs(ada: httpx.Client, llm: LlmServer, settings: Settings) -> None:
    smelt = post(ada, "Ann ships.", "Bob waits.", default_prompt_names=["summarize", "qa_format"])
    assert (smelt["input_tokens"], smelt["output_tokens"]) == (0, 0)
    do_all_work(settings)

    smelt = read(ada, smelt)
    read_tokens = sum(len(call.text.split()) * 4 // 3 for call in llm.calls)
    assert len(llm.calls) == 4
    assert {output["model"] for output in smelt["outputs"]} == {"gpt-test"}
    assert smelt["input_tokens"] == read_tokens == sum(o["input_tokens"] for o in smelt["outputs"])
    assert smelt["output_tokens"] == sum(o["output_tokens"] for o in smelt["outputs"]) > 0
    listed = ada.get("/v1/smelts").json()["items"][0]
    assert (listed["input_tokens"], listed["output_tokens"]) == (read_tokens, smelt["output_tokens"])


@pytest.mark.parametrize(
    ("header", "low", "high"), [({"Retry_After": "1"}, 0.8, 1.25), ({}, 19, 25)], ids=str
)
def test_a_rate_limit_is_waited_out_without_cost(
    ada: httpx.Client,
    llm: LlmServer,
    settings: Settings,
    database: Database,
    *,
    header: dict[str, str],
    low: float,
    high: float,
) -> None:
    llm.script.append(error(429, "rate_limit_exceeded", **header))
    smelt = post(ada, recording=True, default_prompt_names=["summarize"])
    do_all_work(settings)

    assert timedelta(seconds=low) <= wait_of_output(database) <= timedelta(seconds=high)
    assert (read(ada, smelt)["status"], credits_left(ada)) == ("synthesizing", 5)
    if not header:
        make_due(database)
    work_when_due(settings, database)
    assert (read(ada, smelt)["status"], credits_left(ada)) == ("completed", 4)


def test_a_rate_limit_that_says_at_once_for_ever_is_met_with_longer_waits(
    ada: httpx.Client, llm: LlmServer, settings: Settings, database: Database
) -> None:
    llm.script.extend([error(429, "rate_limit_exceeded", Retry_After="0")] * 3)
    smelt = post(ada, "Ann ships.")
    do_all_work(settings)
    for least in (1, 2, 4):
        wait = wait_of_output(database)
        assert timedelta(seconds=0.8 * least) <= wait <= timedelta(seconds=1.25 * least)
        make_due(database)
        work_when_due(settings, database)
    assert (read(ada, smelt)["status"], len(llm.calls)) == ("completed", 4)


def test_a_provider_may_ask_for_an_hour(
    ada: httpx.Client, llm: LlmServer, settings: Settings, database: Database
) -> None:
    llm.script.append(error(429, "rate_limit_exceeded", Retry_After="3000"))
    post(ada, "Ann ships.")
    do_all_work(settings)
    assert wait_of_output(database) > timedelta(seconds=2_990)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("quota", "api_quota_exhausted"),
        ("bad_key", "api_key_invalid"),
        ("filtered", "content_filtered"),
        ("die", "api_unavailable"),
        ("empty", "synthesis_failed"),
        ("thoughts", "synthesis_failed"),
    ],
)
def test_a_failing_model_costs_nothing_and_never_the_transcript(
    ada: httpx.Client, llm: LlmServer, settings: Settings, database: Database, *, fault: str, code: str
) -> None:
    llm.default = STEPS[fault]
    smelt = post(ada, recording=True, default_prompt_names=["summarize"])
    path = f"/v1/smelts/{smelt['id']}"
    do_all_work(settings)
    while read(ada, smelt)["status"] == "synthesizing":
        make_due(database)
        work_when_due(settings, database)

    smelt = read(ada, smelt)
    assert (smelt["status"], smelt["error_code"]) == ("failed", "nothing_completed")
    assert (smelt["files"][0]["status"], smelt["outputs"][0]["error_code"]) == ("completed", code)
    assert "secret provider text" not in str(smelt)
    assert SPOKEN.segments[0].text in ada.get(f"{path}/files/{smelt['files'][0]['id']}/transcript").text
    assert credits_left(ada) == 5

    llm.default = Step()
    calls = len(llm.calls)
    ada.post(f"{path}/retry").raise_for_status()
    do_all_work(settings)
    assert (read(ada, smelt)["status"], len(llm.calls) - calls, credits_left(ada)) == ("completed", 1, 4)


@pytest.mark.parametrize("refused", [True, False])
@pytest.mark.parametrize("fault", ["unavailable", "loading"])
def test_an_outage_of_the_model_is_waited_out_and_told(
    ada: httpx.Client, llm: LlmServer, settings: Settings, database: Database, *, fault: str, refused: bool
) -> None:
    """In more attempts than those after which a part fails."""
    llm.default = STEPS[fault]
    smelt = post(ada, "Ann ships.")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        away = settings.model_copy(update={"llm_base_url": nowhere}) if refused else settings
        do_all_work(away)
        for attempt in range(settings.max_attempts + 2):
            least = 2**attempt
            assert timedelta(seconds=least) <= wait_of_output(database) <= timedelta(seconds=1.25 * least)
            seen = read(ada, smelt)
            assert (seen["status"], seen["outputs"][0]["status"]) == ("synthesizing", "waiting")
            assert seen["outputs"][0]["waiting_for"] == "language_model"
            make_due(database)
            work_when_due(away, database)
    assert bool(llm.calls) is not refused

    make_due(database)
    llm.default = Step()
    work_when_due(settings, database)
    after = read(ada, smelt)
    assert (after["status"], after["outputs"][0]["waiting_for"]) == ("completed", None)
    assert after["version"] > seen["version"]
    assert credits_left(ada) == 4


def test_one_refused_output_leaves_the_others(ada: httpx.Client, llm: LlmServer, settings: Settings) -> None:
    llm.script.append(STEPS["filtered"])
    smelt = post(ada, "Ann ships.", default_prompt_names=["summarize", "action_items"])
    do_all_work(settings)

    smelt = read(ada, smelt)
    assert smelt["status"] == "completed"
    assert [output["error_code"] for output in smelt["outputs"]] == ["content_filtered", None]
    assert len(ada.get(f"/v1/smelts/{smelt['id']}/outputs").json()["outputs"]) == 1
    assert credits_left(ada) == 4


def test_a_cancel_hangs_up_on_the_model_within_two_seconds(
    ada: httpx.Client, llm: LlmServer, settings: Settings
) -> None:
    llm.default = Step(stall_after=2)
    smelt = post(ada, recording=True, default_prompt_names=["summarize"])
    worker = threading.Thread(target=do_all_work, args=(settings,))
    worker.start()
    try:
        assert llm.arrived.acquire(timeout=20)
        wait_until(lambda: read(ada, smelt)["outputs"][0]["progress"] > 0)  # the stream has begun
        canceled = time.monotonic()
        ada.post(f"/v1/smelts/{smelt['id']}/cancel").raise_for_status()
        assert llm.calls[0].left.wait(2.0)
        assert time.monotonic() - canceled < 2.0
    finally:
        llm.default = Step()
        worker.join(20)
    smelt = read(ada, smelt)
    assert (smelt["status"], smelt["outputs"][0]["status"]) == ("canceled", "canceled")
    assert ada.get(f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}/transcript").status_code == 200
    assert (len(llm.calls), credits_left(ada)) == (1, 5)


def wait_of_output(database: Database) -> timedelta:
    with database.service() as conn:
        sql = "select status, failures, run_at - updated_at as wait from smelt_outputs"
        row = conn.execute(text(sql)).one()
    assert (row.status, row.failures) == ("waiting", 0)
    wait: timedelta = row.wait
    return wait


def make_due(database: Database) -> None:
    with database.service() as conn:
        conn.execute(text("update smelt_outputs set run_at = now() where status = 'waiting'"))


def work_when_due(settings: Settings, database: Database) -> None:
    """The reconciler's rounds until the output is claimable again, then the work."""
    services = Services.open(settings)
    try:

        def claimable() -> bool:
            tick(services)
            with database.service() as conn:
                return bool(conn.execute(text("select status = 'pending' from smelt_outputs")).scalar_one())

        wait_until(claimable)
    finally:
        services.close()
    do_all_work(settings)


def test_the_model_is_told_who_speaks_and_after_a_retry_by_name(
    ada: httpx.Client, settings: Settings, llm: LlmServer
) -> None:
    spoken = replace(
        SPOKEN, segments=labeled([spoken_by(each, f"{n}") for n, each in enumerate(SPOKEN.segments)])
    )
    parts: list[tuple[str, Any]] = [("files", (name, SPEECH)) for name in ("meeting.mp3", "call.mp3")]
    fields = {"channels": "separate", "mode": "combine", "default_prompt_names": "summarize"}
    form = [*parts, *((name, (None, value)) for name, value in fields.items())]
    smelt = ada.post("/v1/smelts", files=form).raise_for_status().json()
    llm.script.append(STEPS["filtered"])
    do_all_work(settings, spoken)
    assert "meeting.mp3 S1: Ann ships on Friday.\nmeeting.mp3 S2: Bob books the room." in llm.calls[-1].input
    assert "call.mp3 S1: Ann ships on Friday." in llm.calls[-1].input

    file = read(ada, smelt)["files"][0]["id"]
    ada.put(f"/v1/smelts/{smelt['id']}/files/{file}/speakers", json={"S1": "Alice"}).raise_for_status()
    ada.post(f"/v1/smelts/{smelt['id']}/retry").raise_for_status()
    do_all_work(settings)
    assert "Alice: Ann ships on Friday.\nmeeting.mp3 S2: Bob books the room." in llm.calls[-1].input
    assert "call.mp3 S1: Ann ships on Friday." in llm.calls[-1].input
