"""Secrets are made where they are missing, but never in production."""

import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.problems import SettingsIncomplete
from deploy.secrets import SECRETS_FILE, check_alone, check_up, with_secrets
from pipeline.content.keyring import KeyRing
from pipeline.settings import Env, Settings
from tests.conftest import make_settings

ENGINES = {"database_url": "postgresql://x", "redis_url": "redis://x"}
COMPLETE = {"env": Env.PRODUCTION, **ENGINES, "whisper_model": "small"}
NONE_MADE = {"keyring": None, "jwt_secret": None, "ip_hash_secret": None}


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return make_settings(tmp_path, **NONE_MADE)


def test_missing_secrets_are_made_once_and_kept(bare: Settings) -> None:
    first = with_secrets(bare)
    assert with_secrets(bare) == first
    KeyRing.parse(first.need("keyring"))
    assert len({first.need(name) for name in NONE_MADE}) == 3


def test_made_secrets_are_for_their_owner_alone(bare: Settings) -> None:
    with_secrets(bare)
    assert stat.S_IMODE((bare.data_dir / SECRETS_FILE).stat().st_mode) == 0o600


def test_a_secret_that_is_set_is_neither_replaced_nor_written_down(bare: Settings) -> None:
    own = bare.model_copy(update={"jwt_secret": make_settings(bare.data_dir).jwt_secret})
    assert with_secrets(own).jwt_secret == own.jwt_secret
    assert own.need("jwt_secret") not in (bare.data_dir / SECRETS_FILE).read_text()


def test_a_secret_added_later_leaves_the_earlier_ones_as_they_are(bare: Settings) -> None:
    path = bare.data_dir / SECRETS_FILE
    before = with_secrets(bare)
    path.write_text("".join(line for line in path.open() if not line.startswith("SMELT_JWT_SECRET")))
    after = with_secrets(bare)
    assert after.keyring == before.keyring
    assert after.jwt_secret != before.jwt_secret


def test_with_a_sign_in_service_no_second_way_in_is_made(bare: Settings) -> None:
    remote = bare.model_copy(update={"jwt_jwks_url": "https://auth.example/jwks"})
    assert with_secrets(remote).jwt_secret is None


def test_production_makes_nothing_up(bare: Settings) -> None:
    production = bare.model_copy(update={"env": Env.PRODUCTION})
    assert with_secrets(production) == production
    assert not (bare.data_dir / SECRETS_FILE).exists()


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ("database_url", "DATABASE_URL"),
        ("redis_url", "REDIS_URL"),
        ("keyring", "SMELT_KEYRING"),
        ("ip_hash_secret", "SMELT_IP_HASH_SECRET"),
        ("jwt_secret", "SMELT_JWT_SECRET"),
    ],
)
def test_production_names_what_is_not_set(tmp_path: Path, lacking: str, named: str) -> None:
    check_up(make_settings(tmp_path, **COMPLETE))
    with pytest.raises(SettingsIncomplete, match=named):
        check_up(make_settings(tmp_path, **{**COMPLETE, lacking: None}))


def test_production_takes_a_key_set_in_place_of_a_shared_secret(tmp_path: Path) -> None:
    check_up(make_settings(tmp_path, **COMPLETE, jwt_secret=None, jwt_jwks_url="https://auth.example/jwks"))


def test_production_refuses_a_user_without_credits(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, **COMPLETE, local_user=uuid4())
    for check in (
        check_up,
        lambda given: check_alone(given, "api"),
        lambda given: check_alone(given, "worker"),
    ):
        with pytest.raises(SettingsIncomplete, match="SMELT_LOCAL_USER"):
            check(settings)


def test_a_local_service_needs_nothing(bare: Settings) -> None:
    check_up(bare)


def test_a_process_by_itself_names_what_up_would_have_made(bare: Settings) -> None:
    with pytest.raises(SettingsIncomplete, match="DATABASE_URL, REDIS_URL, SMELT_KEYRING"):
        check_alone(bare, "worker")


@pytest.mark.parametrize("name", ["jwt_secret", "ip_hash_secret"])
def test_production_takes_no_secret_that_could_be_guessed(tmp_path: Path, name: str) -> None:
    check_up(make_settings(tmp_path, **COMPLETE, **{name: "a" * 32}))
    short = make_settings(tmp_path, **COMPLETE, **{name: "a" * 31})
    with pytest.raises(SettingsIncomplete, match=f"32 characters .* SMELT_{name.upper()}"):
        check_up(short)


def test_what_each_process_checks_first_brings_no_http_client_along() -> None:
    program = (
        "import sys, deploy.secrets; print(sorted({'httpx2', 'openai', 'fastapi'} & sys.modules.keys()))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        == "[]\n"
    )
