"""A child reads back the settings that it was given, and nothing of its user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.supervisor.environment import ENVIRONMENT_NAMES, child_environment, settings_environment
from pipeline.settings import Env, Settings
from tests.conftest import make_settings

EVERYTHING = {
    "env": Env.PRODUCTION,
    "cors_origins": ("https://a.example", "https://b.example"),
    "trusted_proxies": ("10.0.0.0/8",),
    "database_url": "postgresql://someone:p%40ss@host/db",
    "redis_url": "rediss://host",
    "openai_api_key": "sk-test",
    "content_ttl": 60,
    "lease_seconds": 2.5,
    "whisper_model": "a folder with spaces",
}


def test_a_child_reads_back_the_very_settings_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path, **EVERYTHING)
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env() == settings


def test_settings_of_the_user_do_not_reach_a_child_that_was_given_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    for name in (*ENVIRONMENT_NAMES.values(), "SMELT_OF_ANOTHER_VERSION"):
        monkeypatch.setenv(name, "the user's")
    assert "the user's" not in child_environment(settings).values()


def test_an_isolated_child_gets_nothing_that_could_open_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "OPENAI_BASE_URL", "HF_TOKEN", "PGPASSFILE"):
        monkeypatch.setenv(name, "the user's")
    settings = make_settings(tmp_path)
    assert "the user's" in child_environment(settings).values()
    assert "the user's" not in child_environment(settings, isolated=True).values()


def test_a_child_finds_the_commands_of_this_installation_first(tmp_path: Path) -> None:
    path = child_environment(make_settings(tmp_path))["PATH"].split(os.pathsep)
    assert Path(path[0]) == Path(sys.executable).parent


def test_an_isolated_environment_suffices_to_run_python(tmp_path: Path) -> None:
    environment = child_environment(make_settings(tmp_path), isolated=True)
    answer = subprocess.run(["python", "-c", "print(1)"], env=environment, capture_output=True, check=True)
    assert answer.stdout == b"1\n"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of settings are full of them; an empty key or address is none to work with."""
    for name in ENVIRONMENT_NAMES.values():
        monkeypatch.setenv(name, "")
    assert Settings.from_env() == Settings()
    assert not Settings.from_env().has_llm
    assert Settings.from_env().database_url is None
