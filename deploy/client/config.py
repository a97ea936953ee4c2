"""Which service, and as whom: an option, else an environment variable, else the config file, else what runs here
(`deploy/local_service.py`), else the default.

# ~/.config/smelt/config.toml
server = "https://smelt.example.org"
token = "smelt_…"
text_prompt = "none"
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploy.local_service import FILE as LOCAL_FILE
from deploy.local_service import LocalService, find_local_service
from pipeline.states import DefaultPromptName
from smelt_client import Misused

CONFIG_FILE = Path("~/.config/smelt/config.toml")
DEFAULT_SERVER = "http://127.0.0.1:8000"
DEFAULT_TEXT_PROMPT = DefaultPromptName.SUMMARIZE.value
NONE = "none"
KEYS = ("server", "token", "text_prompt")


@dataclass(frozen=True, slots=True)
class Config:
    """`token` None: anonymous."""

    server: str
    token: str | None


def find_config(
    server: str | None, token: str | None, file: Path = CONFIG_FILE, local: Path = LOCAL_FILE
) -> Config:
    """`server` and `token`: from options or the environment; what is None is looked up. Raises Misused.

    A file's token goes to the file's server alone: one that is named elsewhere doesn't get it.
    """
    stored = _read(file)
    told = "server" in stored or (server is not None and token is not None)
    running = None if told else _running(local)
    known = running or LocalService(stored.get("server") or DEFAULT_SERVER, stored.get("token"))
    address = (server or known.server).rstrip("/")
    if token is None and address == known.server.rstrip("/"):
        token = known.token
    return Config(address, (token or "").strip() or None)  # files end with a newline


def find_text_prompt(given: str | None, file: Path = CONFIG_FILE) -> str | None:
    """What texts get where no prompt is named; None: nothing. `given`: from the option or the environment.

    Raises Misused.
    """
    name = given or _read(file).get("text_prompt") or DEFAULT_TEXT_PROMPT
    known = [*DefaultPromptName, NONE]
    if name not in known:
        raise Misused(f"texts can get no prompt named {name}: there are {', '.join(known)}")
    return None if name == NONE else name


def _running(file: Path) -> LocalService | None:
    """What `smelt up` runs on this machine, as this user."""
    try:
        return find_local_service(file)
    except RuntimeError:  # there is no home
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise Misused(f"{file} can't be read: {error}; `smelt up` writes it anew") from None


def _read(file: Path) -> dict[str, str]:
    try:
        values = tomllib.loads(file.expanduser().read_text("utf-8"))
    except (FileNotFoundError, RuntimeError):  # the latter: there is no home
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misused(f"{file} can't be read: {error}") from None
    for name, value in values.items():
        if name not in KEYS or not isinstance(value, str):
            raise Misused(f"{file} may hold the strings {', '.join(KEYS)}, not {name}")
    return values
