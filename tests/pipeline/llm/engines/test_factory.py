"""Which engine answers, by which key, at which server."""

from pydantic import SecretStr

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.extractive.processes import ExtractiveProcesses
from pipeline.llm.engines.factory import make_engine
from pipeline.settings import Settings
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from tests.support.llm_server import LlmServer, running

SUMMARIZE = PromptSpec(DefaultPromptName.SUMMARIZE)
DOCUMENTS = [Document("notes.md", Transcript.of_text("One sentence."))]


def test_without_key_and_server_the_extractive_engine_answers() -> None:
    assert isinstance(make_engine(Settings()), ExtractiveProcesses)


def test_a_server_without_a_key_gets_a_placeholder(llm: LlmServer) -> None:
    engine = make_engine(Settings(llm_base_url=llm.url, llm_model="local"))
    assert engine.apply(SUMMARIZE, DOCUMENTS, lambda _share: None).model == "local"
    assert llm.calls[0].key == "none"
    engine.close()


def test_a_user_s_key_never_reaches_the_operator_s_server(llm: LlmServer) -> None:
    with running() as users:
        settings = Settings(
            llm_base_url=llm.url, openai_api_key=SecretStr("sk-platform"), user_key_base_url=users.url
        )
        engine = make_engine(settings, SecretStr("sk-user"))
        engine.apply(SUMMARIZE, DOCUMENTS, lambda _share: None)
        assert [call.key for call in users.calls] == ["sk-user"]
        assert llm.calls == []
        engine.close()


def test_the_model_s_name_or_the_setting_says_how_much_goes_into_one_call(llm: LlmServer) -> None:
    long = [Document("notes.md", Transcript.of_text("An ordinary sentence went by. " * 2_000))]
    for settings, fits in (
        (Settings(llm_base_url=llm.url, llm_model="gpt-4o"), True),
        (Settings(llm_base_url=llm.url, llm_model="gpt-4"), False),
        (Settings(llm_base_url=llm.url, llm_model="gpt-4", llm_context_tokens=64_000), True),
    ):
        llm.calls.clear()
        engine = make_engine(settings)
        engine.apply(SUMMARIZE, long, lambda _share: None)
        engine.close()
        assert (len(llm.calls) == 1) == fits
