"""A language model out of a file, by a stand-in of the package that serves it; the real one: `tests/interop/`."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local_llm import model as module
from deploy.local_llm.model import LocalModel, check_model_file
from deploy.problems import ServiceFailed, SettingsIncomplete
from deploy.secrets import check_alone
from deploy.supervisor.service import Service
from pipeline.settings import Settings
from tests.conftest import make_settings
from tests.deploy.local_llm.xllamacpp import CONTEXT
from tests.support.waiting import wait_until


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    path = tmp_path / "Small-Model.gguf"
    path.write_bytes(b"GGUF")
    return path


def _settings(file: Path, **changes: object) -> Settings:
    return make_settings(file.parent, llm_model=str(file), **changes)


@pytest.fixture
def local(file: Path) -> Iterator[LocalModel]:
    lines: list[str] = []
    local = LocalModel(_settings(file), lambda _name, line: lines.append(line))
    yield local
    local.stop()


def _models(settings: Settings, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{settings.llm_base_url}/models", headers=headers, trust_env=False)


def test_workers_reach_it_by_its_address_and_a_key_of_its_own(local: LocalModel) -> None:
    settings = local.start()
    assert (settings.llm_model, settings.llm_context_tokens) == ("Small-Model", CONTEXT)
    assert (settings.llm_parallel, settings.llm_timeout, settings.has_llm) == (
        1,
        module.FIRST_WORD_SECONDS,
        True,
    )
    assert settings.llm_base_url is not None
    assert settings.llm_base_url.startswith("http://127.0.0.1:")
    assert _models(settings, settings.need("openai_api_key")).status_code == 200
    assert _models(settings, "another").status_code == 401


def test_its_process_has_no_other_secret(local: LocalModel) -> None:
    settings = local.start()
    names = _models(settings, settings.need("openai_api_key")).json()["data"][0]["id"].split(",")
    assert "OPENAI_API_KEY" in names
    assert not {"SMELT_KEYRING", "SMELT_JWT_SECRET", "SMELT_DATABASE_URL", "SMELT_REDIS_URL"} & set(names)
    command = Path(f"/proc/{local.pid}/cmdline")
    if command.exists():
        assert settings.need("openai_api_key") not in command.read_text()


def test_it_is_started_again_at_the_same_address_and_gone_after_a_stop(local: LocalModel) -> None:
    settings = local.start()
    first = local.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def answers() -> bool:
        try:
            return _models(settings, settings.need("openai_api_key")).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(lambda: local.pid != first and answers(), 20)
    local.stop()
    assert not answers()


def test_what_the_settings_say_holds(file: Path) -> None:
    own = _settings(file, llm_context_tokens=2_000, llm_timeout=77.0, llm_parallel=3)
    local = LocalModel(own, lambda _name, _line: None)
    try:
        settings = local.start()
    finally:
        local.stop()
    assert (settings.llm_context_tokens, settings.llm_timeout, settings.llm_parallel) == (2_000, 77.0, 3)


def test_a_file_that_is_no_model_is_told_at_once(file: Path) -> None:
    file.write_bytes(b"text")
    lines: list[str] = []
    local = LocalModel(_settings(file), lambda _name, line: lines.append(line))
    try:
        with pytest.raises(ServiceFailed, match="can't be served"):
            local.start()
    finally:
        local.stop()
    assert any("can't be loaded: no such model" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"llm_model": "/models/a.gguf"}, True),
        ({"llm_model": "/models/A.GGUF"}, True),
        ({"llm_model": "llama3.1"}, False),
        ({"llm_model": "/models/a.gguf", "llm_base_url": "http://localhost:8080/v1"}, False),
    ],
)
def test_a_file_is_served_here_unless_a_server_is_named(
    tmp_path: Path, changes: dict[str, str], *, expected: bool
) -> None:
    assert make_settings(tmp_path, **changes).llm_is_file is expected


def test_what_is_missing_is_told_in_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsIncomplete, match=r"there is no file .*/none\.gguf$"):
        check_model_file(_settings(file.with_name("none.gguf")))
    monkeypatch.setattr(module, "PACKAGE", "xllamacpp_that_is_not_there")
    said = rf"`{re.escape(sys.executable)} -m pip install xllamacpp_that_is_not_there`"
    with pytest.raises(SettingsIncomplete, match=said):
        check_model_file(_settings(file))
    file.write_text("<!DOCTYPE html>")
    with pytest.raises(SettingsIncomplete, match=r"Small-Model\.gguf is no model in the format GGUF"):
        check_model_file(_settings(file))


def test_the_service_says_so_before_it_starts_anything(file: Path) -> None:
    settings = _settings(file.with_name("none.gguf"), database_url=None, redis_url=None)
    with pytest.raises(SettingsIncomplete, match="there is no file"):
        Service(settings, lambda _name, _line: None).start()
    assert not settings.data_dir.exists()


def test_a_worker_by_itself_serves_no_file(file: Path) -> None:
    complete = {"database_url": "postgresql://x", "redis_url": "redis://x", "content_url": "file:///x"}
    with pytest.raises(SettingsIncomplete, match="only `smelt up` serves"):
        check_alone(_settings(file, **complete), "worker")
