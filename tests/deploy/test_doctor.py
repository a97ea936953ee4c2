"""`smelt doctor` looks at the real parts, and says of each that it is in order, or what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from deploy.doctor.doctor import doctor
from pipeline.content.keyring import KeyRing
from pipeline.settings import Settings
from tests.support.cast import Cast
from tests.support.s3_server import running_s3

ALL = {
    "database", "database version", "database login", "row-level security", "clock", "pooler", "key ring",
    "stored keys", "Redis", "content store", "disk", "speech model", "language model", "limits",
}  # fmt: skip
Examine = Callable[..., dict[str, str]]


@pytest.fixture
def examine(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Examine:
    """What is wrong with these settings, by the check's name."""

    def run(webhook: str | None = None, **changes: object) -> dict[str, str]:
        Path(settings.need("content_url").removeprefix("file://")).mkdir(mode=0o700, exist_ok=True)
        changed = settings.model_copy(update={"connections": 10, "connections_per_address": 5, **changes})
        sound = doctor(changed, webhook, as_json=True)
        text = capsys.readouterr().out
        assert "planted-secret" not in text
        found: list[dict[str, Any]] = json.loads(text)
        assert sound == all(one["ok"] for one in found)
        return {one["name"]: "" if one["ok"] else one["message"] for one in found}

    return run


def wrong(found: dict[str, str]) -> dict[str, str]:
    return {name: message for name, message in found.items() if message}


def test_a_sound_configuration_has_a_line_for_each_part(examine: Examine) -> None:
    found = examine()
    assert wrong(found) == {}
    assert set(found) == ALL


def test_the_lines_say_what_is_wrong(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    changed = settings.model_copy(update={"redis_url": SecretStr("redis://:planted-secret@127.0.0.1:9/0")})
    assert not doctor(changed, None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if " Redis: " in line).startswith(
        "WRONG  Redis: Redis can't be used: see REDIS_URL."
    )
    assert any(line.startswith("ok     database: ") for line in lines)
    assert not any("planted-secret" in line for line in lines)


def test_an_owner_as_the_login_and_a_loose_table_are_wrong(examine: Examine, owner_url: str) -> None:
    assert "superuser" in wrong(examine(database_url=SecretStr(owner_url)))["database login"]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("alter table smelt_files no force row level security")
    assert "smelt_files" in wrong(examine())["row-level security"]


def test_an_old_key_that_is_on_no_ring_is_wrong(examine: Examine, owner_url: str, cast: Cast) -> None:
    ring = KeyRing.parse(KeyRing.generate())
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "insert into user_api_keys (user_id, ciphertext, key_id, last_four, validated_at)"
            " values (%s, %s, 'gone', 'nted', now())",
            [cast.ada.id, ring.wrap(b"sk-planted", b"user:" + cast.ada.id.bytes)],
        )
    assert "SMELT_KEYRING" in wrong(examine())["stored keys"]


def test_what_can_not_be_reached_is_named_by_its_setting(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_s3() as s3:
        s3.let_in(monkeypatch)
        found = examine(
            webhook="http://127.0.0.1:9/",
            content_url="s3://content/prefix",
            whisper_model="no-such-model",
            llm_base_url="http://127.0.0.1:9/v1",
            llm_timeout=2.0,
            connections=10_000_000,
        )
    assert "SMELT_S3_ALLOW_HTTP" in found["content store"]
    assert "no-such-model" in found["speech model"]
    assert "SMELT_LLM_BASE_URL" in found["language model"]
    assert "SMELT_CONNECTIONS" in found["limits"]
    assert "https://" in found["webhook"]
    assert found["database"] == found["Redis"] == ""


def test_a_webhook_receiver_that_answers_is_reached(examine: Examine) -> None:
    with running_s3() as receiver:
        found = examine(f"{receiver.address}/hook", webhook_allowed_networks=("127.0.0.0/8",))
    assert found["webhook"] == ""
    assert receiver.asked == ["POST /hook"]
