"""The environment of child processes: this process's own, with the settings replaced by those of a Settings."""

import os
import sys
from enum import Enum
from pathlib import Path

from pydantic import SecretStr

from pipeline.settings import Settings, variable

ENVIRONMENT_NAMES = {field: variable(field) for field in Settings.model_fields}

# What a process needs of the machine that it runs on, and nothing of what its user has set up.
OF_THE_MACHINE = frozenset({"HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR", "TZ"})


def child_environment(settings: Settings, *, isolated: bool = False) -> dict[str, str]:
    """Exactly these settings, whatever this process's own environment says; and `smelt` on the PATH.

    `isolated`: no other variable of the user's either, so that no library finds an account to use.
    """
    ours = set(ENVIRONMENT_NAMES.values())
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in ours
        and not name.upper().startswith("SMELT_")
        and (not isolated or name in OF_THE_MACHINE)
    }
    environment["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]
    )
    environment["PYTHONUNBUFFERED"] = "1"
    # onnxruntime, which finds the speech in a recording, otherwise reports its use to its maker.
    environment["ORT_DISABLE_TELEMETRY"] = "1"
    return environment | settings_environment(settings)


def settings_environment(settings: Settings) -> dict[str, str]:
    """The variables from which `Settings.from_env` makes an equal Settings. Defaults are left out."""
    written = {}
    for field, info in Settings.model_fields.items():
        value = getattr(settings, field)
        if value is not None and value != info.default:
            written[ENVIRONMENT_NAMES[field]] = _as_text(value)
    return written


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Enum):
        return str(value.value)
    return str(value)
