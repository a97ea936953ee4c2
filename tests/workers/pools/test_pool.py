"""A pool that can't work with its settings says so in one line and ends, instead of staying without working."""

import os
import subprocess

from pydantic import SecretStr

from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings


def run_pool(settings: Settings, queue: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["smelt", "worker", queue],
        env=child_environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_speech_model_that_cannot_be_loaded_ends_the_pool(settings: Settings) -> None:
    ended = run_pool(settings.model_copy(update={"whisper_model": "/nonexistent/model"}), "transcribe")

    assert ended.returncode == os.EX_CONFIG
    assert "SMELT_WHISPER_MODEL" in ended.stderr + ended.stdout


def test_a_key_ring_that_cannot_be_read_ends_the_pool_without_showing_it(settings: Settings) -> None:
    broken = settings.model_copy(update={"keyring": SecretStr("broken:c2VjcmV0")})
    ended = run_pool(broken, "synthesize")

    assert ended.returncode == os.EX_CONFIG
    assert "c2VjcmV0" not in ended.stderr + ended.stdout
