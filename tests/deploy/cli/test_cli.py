"""The `smelt` command by itself: what each process needs, and what is told where that is missing."""

import json
import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import jwt
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.main import get_command

from db.migrations import newest, revisions
from db.session import Database
from deploy.cli.main import app
from deploy.supervisor.environment import settings_environment
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.runner import EX_CONFIG
from pipeline.content.keyring import KeyRing, user_context
from pipeline.settings import Settings
from tests.support.cast import Cast
from tests.support.secrets import JWT_SECRET, KEYRING
from tests.support.smelts import admit_all, new_smelt, set_credits

ROOT = Path(__file__).parents[3]


def smelt(*arguments: str, typed: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """`typed`: its stdin; None: there is none."""
    command = [sys.executable, "-c", "from deploy.cli.main import main; main()", *arguments]
    environment = dict(os.environ) | variables
    stdin = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60, **stdin
    )


def test_the_procfile_says_what_the_service_runs_itself() -> None:
    lines = [f"{name}: {shlex.join(command)}" for name, command in COMMANDS.items()]
    assert (ROOT / "Procfile").read_text().splitlines() == lines


def test_each_process_is_a_command_of_smelt() -> None:
    for name, (program, *arguments) in COMMANDS.items():
        assert program == "smelt"
        assert smelt(*arguments, "--help").returncode == 0, name


@pytest.mark.parametrize("arguments", [["api"], ["worker", "transcribe"], ["reconciler"]])
def test_a_process_by_itself_says_in_one_line_what_it_lacks(arguments: list[str]) -> None:
    answer = smelt(*arguments)
    assert answer.returncode == EX_CONFIG
    assert len(answer.stderr.splitlines()) == 1
    assert "DATABASE_URL" in answer.stderr


def test_an_unknown_queue_is_refused_with_the_known_ones() -> None:
    answer = smelt("worker", "polish")
    assert answer.returncode == 2
    assert "transcribe" in answer.stderr


def test_a_setting_that_cannot_be_read_is_named_without_its_value() -> None:
    answer = smelt("settings", SMELT_PORT="not-a-port")
    assert answer.returncode == EX_CONFIG
    assert "SMELT_PORT" in answer.stderr
    assert "not-a-port" not in answer.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMELT_KEYRING", "k1:c2VjcmV0"),
        ("SMELT_TRUSTED_PROXIES", "10.0.0.0/8,the-proxy"),
        ("DATABASE_URL", "the-database"),
        ("DATABASE_URL", "postgresql://smelt_app:half@another@host/smelt"),
        ("SMELT_MIGRATION_DATABASE_URL", "postgresql://smelt_app:word@host:port/smelt"),
        ("REDIS_URL", "http://the-redis"),
        ("SMELT_CONTENT_URL", "/the/content"),
    ],
)
def test_what_no_part_could_read_is_told_in_one_line_before_anything_starts(
    tmp_path: Path, name: str, value: str
) -> None:
    folder = tmp_path / "data"
    answer = smelt("up", SMELT_DATA_DIR=str(folder), **{name: value})
    assert answer.returncode == EX_CONFIG
    assert len(answer.stderr.splitlines()) == 1
    assert name in answer.stderr
    assert value not in answer.stderr
    assert not folder.exists()


def test_settings_are_listed_with_their_source_and_secrets_masked(tmp_path: Path) -> None:
    answer = smelt("settings", SMELT_DATA_DIR=str(tmp_path), SMELT_KEYRING=KEYRING, SMELT_PORT="9123")
    assert answer.returncode == 0
    assert KEYRING not in answer.stdout
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in answer.stdout.splitlines()}
    assert rows["SMELT_KEYRING"][:3] == ["********", "-", "environment"]
    assert rows["SMELT_PORT"][:3] == ["9123", "8000", "environment"]
    assert rows["SMELT_HOST"][:3] == ["127.0.0.1", "127.0.0.1", "default"]
    assert len(rows) == len(Settings.model_fields)
    assert all(meaning for *_, meaning in rows.values())


def test_a_token_is_for_a_user_that_exists(owner_url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    variables = {
        "DATABASE_URL": owner_url,
        "SMELT_JWT_SECRET": JWT_SECRET,
        "SMELT_DATA_DIR": str(tmp_path / "data"),
    }
    answer = smelt("token", "--email", "eve@example.org", **variables)
    assert answer.returncode == 0, answer.stderr
    claims = jwt.decode(answer.stdout.strip(), JWT_SECRET, algorithms=["HS256"], audience="authenticated")
    assert claims["role"] == "authenticated"
    assert claims["exp"] - claims["iat"] == 12 * 3600
    with psycopg.connect(owner_url) as connection:
        row = connection.execute("select id::text from auth.users where email = 'eve@example.org'").fetchone()
    assert row == (claims["sub"],)
    again = smelt("token", "--email", "eve@example.org", **variables).stdout.strip()
    assert jwt.decode(again, options={"verify_signature": False})["sub"] == claims["sub"]


def test_production_gives_no_tokens(owner_url: str) -> None:
    answer = smelt("token", DATABASE_URL=owner_url, SMELT_ENV="production", SMELT_JWT_SECRET=JWT_SECRET)
    assert answer.returncode == EX_CONFIG
    assert answer.stdout == ""


def test_a_database_out_of_reach_is_told_in_one_line(tmp_path: Path) -> None:
    answer = smelt("migrate", DATABASE_URL=f"postgresql://postgres@/none?host={tmp_path}")
    assert answer.returncode == EX_CONFIG
    assert answer.stderr.startswith("smelt: Postgres can't be reached")
    assert "Traceback" not in answer.stderr


def test_migrate_brings_the_schema_up_and_down(empty_database_url: str) -> None:
    def tables() -> int:
        with psycopg.connect(empty_database_url) as connection:
            row = connection.execute("select count(*) from pg_tables where tablename = 'smelts'").fetchone()
        assert row is not None
        return int(row[0])

    assert smelt("migrate", DATABASE_URL=empty_database_url).returncode == 0
    assert tables() == 1
    name = str(conninfo_to_dict(empty_database_url)["dbname"])
    answer = smelt("migrate", "--down", "--database", name, DATABASE_URL=empty_database_url)
    assert answer.returncode == 0, answer.stderr
    assert tables() == 0


@pytest.mark.parametrize("down", [False, True])
def test_a_schema_from_before_the_first_release_is_told_in_one_line(owner_url: str, *, down: bool) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("update smelt_meta.migrations set version_num = '0019_file_warnings'")
    name = str(conninfo_to_dict(owner_url)["dbname"])
    answer = smelt("migrate", *(("--down", "--database", name) if down else ()), DATABASE_URL=owner_url)
    assert answer.returncode == EX_CONFIG
    assert answer.stderr.splitlines()[-1].startswith(
        "smelt: the database's schema (0019_file_warnings) is from before"
    )
    assert "make a new database" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("env", ["local", "production"])
def test_the_schema_is_dropped_only_by_its_databases_name(
    owner_url: str, database: Database, cast: Cast, env: str
) -> None:
    def drop(*arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        return smelt("migrate", "--down", *arguments, typed=typed, DATABASE_URL=owner_url, SMELT_ENV=env)

    def is_there() -> bool:
        with psycopg.connect(owner_url) as connection:
            return connection.execute("select to_regclass('smelts') is not null").fetchone() == (True,)

    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, new_smelt(cast.ada.id, texts=1))
    name = str(conninfo_to_dict(owner_url)["dbname"])
    for answer in (
        drop(),
        drop(typed=f"{name.upper()}\n"),
        drop("--database", "smelt", typed=f"{name}\n"),
    ):
        assert answer.returncode == EX_CONFIG
        assert "nothing was dropped" in answer.stderr
        assert is_there()
    answer = drop(typed=f"{name}\n")
    assert answer.returncode == 0, answer.stderr
    assert name in answer.stderr
    assert "1 smelts" in answer.stderr
    assert "of 1 users" in answer.stderr
    assert not is_there()


def test_keys_rotate_wraps_anew_and_says_so(owner_url: str) -> None:
    old, new = KeyRing.generate(), KeyRing.generate()
    user = uuid4()
    wrapped = KeyRing.parse(old).wrap(b"sk-planted", user_context(user))
    with psycopg.connect(owner_url) as connection:
        connection.execute("insert into auth.users (id) values (%s)", [user])
        connection.execute(
            "insert into user_api_keys (user_id, ciphertext, key_id, last_four, validated_at) "
            "values (%s, %s, %s, 'nted', now())",
            [user, wrapped, KeyRing.key_id(wrapped)],
        )
    answer = smelt("keys", "rotate", DATABASE_URL=owner_url, SMELT_KEYRING=f"{new},{old}")
    assert answer.returncode == 0, answer.stderr
    assert "user_api_keys: 1 wrapped anew" in answer.stdout
    missing = smelt("keys", "rotate", DATABASE_URL=owner_url, SMELT_KEYRING=old)
    assert missing.returncode == 1
    assert "1 unreadable" in missing.stdout


@pytest.mark.parametrize("variables", [{}, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}])
def test_a_token_of_no_service_is_refused_and_makes_nothing(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """A secret made here would be one that no service knows, in a folder that `up` then takes for another's."""
    folder = tmp_path / "data"
    folder.mkdir()
    answer = smelt("token", SMELT_DATA_DIR=str(folder), **variables)
    assert answer.returncode == EX_CONFIG
    assert len(answer.stderr.splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_the_version_is_told() -> None:
    assert smelt("--version").stdout == f"smelt {version('smelt')}\n"


def test_commands_and_options_are_completed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def completed(words: str, number: int) -> list[str]:
        for name, value in (
            ("_SMELT_COMPLETE", "complete_bash"),
            ("COMP_WORDS", words),
            ("COMP_CWORD", str(number)),
        ):
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit):
            get_command(app).main([], prog_name="smelt")
        return capsys.readouterr().out.split()

    assert completed("smelt su", 1) == ["submit"]
    assert completed("smelt token re", 2) == ["revoke"]
    assert completed("smelt submit --tex", 2) == ["--text-prompt"]
    assert "action_items" in completed("smelt submit --prompt a", 3)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    answer = smelt("up", SMELT_DATA_DIR=str(tmp_path / "file" / "data"))
    assert (answer.returncode, len(answer.stderr.splitlines())) == (EX_CONFIG, 1), answer.stderr
    assert str(tmp_path / "file" / "data") in answer.stderr


def test_a_key_ring_is_generated_anew_each_time() -> None:
    first, second = (smelt("keys", "generate").stdout.strip() for _ in range(2))
    assert first != second
    ring = KeyRing.parse(f"{first},{second}")
    assert ring.unwrap(ring.wrap(b"x", b"y"), b"y") == b"x"


def test_the_doctor_is_told_by_its_exit_code(settings: Settings) -> None:
    variables = settings_environment(settings)
    Path(settings.need("content_url").removeprefix("file://")).mkdir(mode=0o700)
    answer = smelt("doctor", "--json", **variables, SMELT_CONNECTIONS="10", SMELT_CONNECTIONS_PER_ADDRESS="5")
    assert (answer.returncode, "Traceback" in answer.stderr) == (0, False), answer.stdout
    assert all(one["ok"] for one in json.loads(answer.stdout))
    wrong = smelt(
        "doctor", **variables | {"DATABASE_URL": "postgresql://nobody:planted-secret@127.0.0.1:9/x"}
    )
    assert wrong.returncode == 1
    assert "WRONG  database: The database is out of reach: see DATABASE_URL" in wrong.stdout
    assert "planted-secret" not in wrong.stdout + wrong.stderr


def test_what_is_not_migrated_yet_is_shown_and_left(empty_database_url: str) -> None:
    status = smelt("migrate", "--status", DATABASE_URL=empty_database_url)
    assert status.returncode == 1
    assert status.stdout.splitlines() == [
        "there is no schema yet",
        *(f"not run yet: {one}" for one in revisions()),
    ]
    sql = smelt("migrate", "--dry-run", DATABASE_URL=empty_database_url)
    assert "create table smelts" in sql.stdout
    assert smelt("migrate", "--status", DATABASE_URL=empty_database_url).stdout == status.stdout
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute("select to_regnamespace('smelt_meta') is null").fetchone() == (True,)
    assert smelt("migrate", DATABASE_URL=empty_database_url).returncode == 0
    status = smelt("migrate", "--status", DATABASE_URL=empty_database_url)
    assert (status.returncode, status.stdout) == (0, f"the schema is at {newest()}\n")
    assert smelt("migrate", "--dry-run", DATABASE_URL=empty_database_url).stdout == ""


def test_an_owner_that_may_not_do_what_is_needed_is_told_in_one_line(empty_database_url: str) -> None:
    """Without CREATEROLE, or the rights to the schemas that a superuser has made."""
    name = str(conninfo_to_dict(empty_database_url)["dbname"])
    role = f"{name}_owner"
    with psycopg.connect(empty_database_url, autocommit=True) as admin:
        admin.execute(f"create role {role} login password 'planted-secret'")
        admin.execute(f"alter database {name} owner to {role}")
    parts = urlsplit(empty_database_url)
    host = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"{role}:planted-secret@{host}"))
    try:
        answer = smelt("migrate", DATABASE_URL=url)
    finally:
        with psycopg.connect(empty_database_url, autocommit=True) as admin:
            admin.execute(f"alter database {name} owner to current_user")
            admin.execute(f"drop owned by {role}")
            admin.execute(f"drop role {role}")
    assert (answer.returncode, len(answer.stderr.splitlines())) == (EX_CONFIG, 1), answer.stderr
    assert "CREATEROLE" in answer.stderr
    assert "planted-secret" not in answer.stderr
