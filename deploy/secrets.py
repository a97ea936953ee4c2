"""The secrets that a service can't run without, made where they are missing; and what production demands."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from deploy.problems import SettingsIncomplete
from deploy.supervisor.environment import ENVIRONMENT_NAMES
from pipeline.content.keyring import KeyRing
from pipeline.settings import Env, Settings

SECRETS_FILE = "secrets.env"
MADE = ("keyring", "ip_hash_secret", "jwt_secret")
SIGNING = ("ip_hash_secret", "jwt_secret")
LEAST_CHARS = 32  # of what others could guess, and then sign tokens by (RFC 7518, section 3.2)
NEEDED = {
    "api": ("database_url", "redis_url", "content_url", *MADE),
    "worker": ("database_url", "redis_url", "content_url", "keyring"),
    "reconciler": ("database_url", "redis_url", "content_url", "keyring"),
}


def check_up(settings: Settings) -> None:
    """Raises SettingsIncomplete when production would have to make something up or embed an engine."""
    if settings.env is Env.PRODUCTION:
        _check(settings, NEEDED["api"], "production")


def check_alone(settings: Settings, command: str) -> None:
    """Raises SettingsIncomplete when `command`, run by itself, lacks what `smelt up` would have made for it."""
    _check(settings, NEEDED[command], f"`smelt {command}` by itself")
    if settings.llm_is_file:
        raise SettingsIncomplete(
            "SMELT_LLM_MODEL is a file, which only `smelt up` serves: set SMELT_LLM_BASE_URL to a server of yours"
        )


def _check(settings: Settings, needed: tuple[str, ...], who: str) -> None:
    missing = [ENVIRONMENT_NAMES[name] for name in needed if getattr(settings, name) is None]
    if settings.jwt_jwks_url is not None and ENVIRONMENT_NAMES["jwt_secret"] in missing:
        missing.remove(ENVIRONMENT_NAMES["jwt_secret"])
    if missing:
        raise SettingsIncomplete(f"{who} needs these settings: {', '.join(missing)}; see `smelt settings`")
    if settings.env is not Env.PRODUCTION:
        return
    short = [ENVIRONMENT_NAMES[name] for name in SIGNING if _is_short(getattr(settings, name))]
    if short:
        raise SettingsIncomplete(f"production needs {LEAST_CHARS} characters or more in {', '.join(short)}")
    if settings.local_user is not None:
        raise SettingsIncomplete(
            f"production has no user without credits: unset {ENVIRONMENT_NAMES['local_user']}"
        )


def _is_short(secret: SecretStr | None) -> bool:
    return secret is not None and len(secret.get_secret_value()) < LEAST_CHARS


def with_secrets(settings: Settings) -> Settings:
    """The settings with each missing secret taken from the data folder, where it is made at first.

    In production nothing is made: see `check_up`. Raises OSError.
    """
    if settings.env is Env.PRODUCTION:
        return settings
    path = settings.data_dir / SECRETS_FILE
    known = read_secrets(path)
    missing = [name for name in MADE if getattr(settings, name) is None]
    if settings.jwt_jwks_url is not None and "jwt_secret" in missing:
        missing.remove("jwt_secret")  # sign-in is elsewhere: no second way in
    new = {name: _make(name) for name in missing if name not in known}
    if new:
        known |= new
        _write(path, known)
    return settings.model_copy(update={name: SecretStr(known[name]) for name in missing})


def known_jwt_secret(settings: Settings) -> str:
    """What sign-in tokens are signed with: the setting, or what `smelt up` has made. Makes nothing.

    Raises SettingsIncomplete.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    if settings.jwt_jwks_url is not None:
        raise SettingsIncomplete(
            "sign-in is by SMELT_JWT_JWKS_URL, whose private key only the sign-in service has"
        )
    made = read_secrets(settings.data_dir.expanduser() / SECRETS_FILE).get("jwt_secret")
    if made is None:
        raise SettingsIncomplete(f"set SMELT_JWT_SECRET: no `smelt up` has made one in {settings.data_dir}")
    return made


def read_secrets(path: Path) -> dict[str, str]:
    """By the setting's name. Empty where there is no such file."""
    if not path.exists():
        return {}
    by_variable = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {
        name: by_variable[ENVIRONMENT_NAMES[name]] for name in MADE if ENVIRONMENT_NAMES[name] in by_variable
    }


def _make(name: str) -> str:
    return KeyRing.generate() if name == "keyring" else secrets.token_urlsafe(48)


def _write(path: Path, values: dict[str, str]) -> None:
    """Whole or not at all, and on disk: content sealed with a lost key could never be read again."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    text = "".join(f"{ENVIRONMENT_NAMES[name]}={value}\n" for name, value in sorted(values.items()))
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
