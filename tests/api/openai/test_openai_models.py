"""`/v1/models`, and what a browser asks before OpenAI's SDK may call from a page."""

from collections.abc import Iterator

import httpx
import openai
import pytest
from openai import OpenAI

from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast

ORIGIN = {"Origin": "https://app.example.org"}
_OFTEN = (
    "x-stainless-arch,x-stainless-lang,x-stainless-os,x-stainless-package-version,x-stainless-retry-count,"
)
_RUNTIME = "x-stainless-runtime,x-stainless-runtime-version"
# What browsers ask for OpenAI's Node SDK, whose headers were recorded: sorted, in lower case, without a space.
PREFLIGHTS = {
    "4.104.0": f"authorization,{_OFTEN}{_RUNTIME},x-stainless-timeout",
    "4.104.0 in Firefox": f"authorization,content-type,user-agent,{_OFTEN}{_RUNTIME},x-stainless-timeout",
    "5.23.2": f"authorization,{_OFTEN}{_RUNTIME}",
    "6.49.0": f"authorization,openai-organization,openai-project,{_OFTEN}{_RUNTIME}",
    "6.49.0 with a timeout": f"authorization,user-agent,{_OFTEN}{_RUNTIME},x-stainless-timeout",
    "6.49.0 with a key against repetition": f"authorization,idempotency-key,{_OFTEN}{_RUNTIME}",
    "a helper of it": f"authorization,openai-beta,{_OFTEN}{_RUNTIME},x-stainless-helper-method,x-stainless-poll-helper",
}


@pytest.fixture
def sdk(api: RunningApi, cast: Cast) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{api.url}/v1", api_key=cast.ada.token, max_retries=0) as client:
        yield client


def test_the_models_are_those_that_may_be_named(sdk: OpenAI) -> None:
    models = list(sdk.models.list())
    assert [(model.id, model.object, model.owned_by) for model in models] == [
        ("whisper-1", "model", "smelt")
    ] + [(model.id, "model", "smelt") for model in models[1:]]
    assert [sdk.models.retrieve(model.id) for model in models] == models
    with pytest.raises(openai.NotFoundError) as unknown:
        sdk.models.retrieve("gpt-12")
    assert (unknown.value.code, unknown.value.type) == ("not_found", "invalid_request_error")
    with pytest.raises(openai.AuthenticationError):
        sdk.with_options(api_key="sk-nobody").models.list()


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("large-v3", ["whisper-1", "large-v3"]),
        ("whisper-1", ["whisper-1"]),
        ("/srv/models/secret", ["whisper-1"]),
        ("models/secret", ["whisper-1"]),
        ("..", ["whisper-1"]),
    ],
)
def test_the_operators_model_is_named_but_not_its_folder(
    settings: Settings, chosen: str, names: list[str]
) -> None:
    with running(settings.model_copy(update={"whisper_model": chosen})) as api, api.client() as visitor:
        assert [model["id"] for model in visitor.get("/v1/models").json()["data"]] == names


def asked(client: httpx.Client, headers: str, origin: dict[str, str] = ORIGIN) -> httpx.Response:
    request = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return client.options("/v1/audio/transcriptions", headers=request)


def test_the_sdk_may_call_from_a_page(settings: Settings, subtests: pytest.Subtests) -> None:
    changed = settings.model_copy(update={"cors_origins": (ORIGIN["Origin"],)})
    with running(changed) as api, api.client() as page:
        for sdk, headers in PREFLIGHTS.items():
            with subtests.test(sdk):
                reply = asked(page, headers)
                assert reply.status_code == 200, reply.text
                allowed = reply.headers["Access-Control-Allow-Headers"].lower().split(", ")
                assert {*allowed} >= {*headers.split(",")}
                assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
                sent = {name: "1" for name in headers.split(",") if name != "authorization"}
                answer = page.get("/v1/models", headers={**ORIGIN, **sent})
                assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (
                    200,
                    ORIGIN["Origin"],
                )
        stainless = PREFLIGHTS["5.23.2"]
        for refused in ("x-other", f"x-other,{stainless}", "x-stainless-<b>"):
            assert asked(page, refused).status_code == 400
        elsewhere = asked(page, stainless, {"Origin": "https://evil.example.org"})
        assert elsewhere.status_code == 400
        assert "Access-Control-Allow-Origin" not in elsewhere.headers
