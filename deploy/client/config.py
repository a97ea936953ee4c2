"""Which service, and as whom: an option, else an environment variable, else the config file, else the default.

# ~/.config/smelt/config.toml
server = "https://smelt.example.org"
token = "smelt_…"
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploy.client.failures import Misused

CONFIG_FILE = Path("~/.config/smelt/config.toml")
DEFAULT_SERVER = "http://127.0.0.1:8000"
KEYS = ("server", "token")


@dataclass(frozen=True, slots=True)
class Config:
    """`token` None: anonymous."""

    server: str
    token: str | None


def find_config(server: str | None, token: str | None, file: Path = CONFIG_FILE) -> Config:
    """`server` and `token`: from options or the environment; what is None is looked up. Raises Misused.

    The file's token goes to the file's server alone: one that is named elsewhere doesn't get it.
    """
    stored = _read(file.expanduser())
    address = server or stored.get("server") or DEFAULT_SERVER
    if not address.startswith(("http://", "https://")):
        raise Misused(f"the server's address must begin with http:// or https://, not {address}")
    if token is None and address == (stored.get("server") or DEFAULT_SERVER):
        token = stored.get("token")
    return Config(address.rstrip("/"), (token or "").strip() or None)  # files end with a newline


def _read(file: Path) -> dict[str, str]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misused(f"{file} can't be read: {error}") from None
    for name, value in values.items():
        if name not in KEYS or not isinstance(value, str):
            raise Misused(f"{file} may hold the strings {' and '.join(KEYS)}, not {name}")
    return values
