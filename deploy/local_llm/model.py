"""The language model that `SMELT_LLM_MODEL` names by its file: one more process, loaded once for all workers."""

import importlib.util
import secrets
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
from pydantic import SecretStr

from deploy.local_llm.serve import PACKAGE
from deploy.problems import ServiceFailed, SettingsIncomplete
from deploy.supervisor.children import spawn
from deploy.supervisor.environment import child_environment
from deploy.supervisor.runner import DEATHS_AT_START, Runner, stop_all
from pipeline.settings import MODEL_FILE_SUFFIX, SECRET_FIELDS, Settings

NAME = "llm"
MAGIC = b"GGUF"
HOST = "127.0.0.1"
LOADED_WITHIN = 600.0  # seconds; tens of gigabytes are read from a disk
ASKED_EVERY = 0.1  # seconds
STOPPED_WITHIN = 5.0  # seconds
FIRST_WORD_SECONDS = (
    1_800.0  # that a call waits for its first word: it may stand behind others, on a processor
)


def check_model_file(settings: Settings) -> None:
    """Raises SettingsIncomplete when the file isn't there or is no model's, or what serves it isn't there."""
    file = Path(settings.llm_model).expanduser()
    if not file.is_file():
        raise SettingsIncomplete(f"SMELT_LLM_MODEL: there is no file {settings.llm_model}")
    try:
        with file.open("rb") as opened:
            head = opened.read(len(MAGIC))
    except OSError as problem:
        raise SettingsIncomplete(f"SMELT_LLM_MODEL: {file} can't be read: {problem.strerror}") from problem
    if head != MAGIC:
        raise SettingsIncomplete(
            f"SMELT_LLM_MODEL: {file} is no model in the format GGUF; perhaps a web page was saved in its place"
        )
    if importlib.util.find_spec(PACKAGE) is None:
        raise SettingsIncomplete(
            f"SMELT_LLM_MODEL is a {MODEL_FILE_SUFFIX} file, which the package {PACKAGE} serves: "
            f"`{sys.executable} -m pip install {PACKAGE}`, or set SMELT_LLM_BASE_URL to a server"
        )


class LocalModel:
    """Runs from `start` to `stop`. `report(name, line)` gets each line that the process prints."""

    def __init__(
        self, settings: Settings, report: Callable[[str, str], None], *, isolated: bool = False
    ) -> None:
        self._path = Path(settings.llm_model).expanduser().absolute()
        self._address = f"http://{HOST}:{_free_port()}"
        self._key = secrets.token_urlsafe(32)
        self._settings = settings.model_copy(update=self._reached_by(settings))
        environment = child_environment(_without_secrets(self._settings, self._key), isolated=isolated)
        command = [sys.executable, "-m", "deploy.local_llm.serve", str(self._path)]
        self._runner = Runner(NAME, partial(spawn, command, environment), partial(report, NAME))

    def start(self) -> Settings:
        """The settings by which workers reach the model. Raises ServiceFailed when it can't be loaded."""
        self._runner.start()
        deadline = time.monotonic() + LOADED_WITHIN
        while (context := self._context_tokens()) is None:
            self.check(DEATHS_AT_START)
            if time.monotonic() > deadline:
                raise ServiceFailed(f"the language model was not loaded within {LOADED_WITHIN:g} seconds")
            time.sleep(ASKED_EVERY)
        return self._settings.model_copy(update={"llm_context_tokens": context})

    def check(self, most_deaths: int | None = None) -> None:
        """Raises ServiceFailed when the process can't run, or died more often than that."""
        if self._runner.gave_up or (most_deaths is not None and self._runner.deaths > most_deaths):
            raise ServiceFailed(
                f"the language model of {self._path} can't be served: it may be damaged, cut off, too large for the "
                f"memory, or of a kind that this {PACKAGE} doesn't know; see the lines of {NAME} above"
            )

    @property
    def pid(self) -> int | None:
        return self._runner.pid

    def kill(self) -> None:
        self._runner.kill()

    def stop(self) -> None:
        stop_all([self._runner], STOPPED_WITHIN)

    def _reached_by(self, settings: Settings) -> dict[str, object]:
        """One slot answers one call after the other: unless told, none is given up for having to wait."""
        unless_told = {"llm_timeout": FIRST_WORD_SECONDS, "llm_parallel": 1}
        return {
            "llm_base_url": f"{self._address}/v1",
            "llm_model": self._path.stem,
            "openai_api_key": SecretStr(self._key),
            **{name: value for name, value in unless_told.items() if name not in settings.model_fields_set},
        }

    def _context_tokens(self) -> int | None:
        """As the server tells it; None as long as it doesn't answer."""
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            if (
                httpx2.get(f"{self._address}/health", timeout=5, trust_env=False).status_code
                != httpx2.codes.OK
            ):
                return None
            reply = httpx2.get(f"{self._address}/v1/models", headers=headers, timeout=5, trust_env=False)
        except httpx2.TransportError:
            return None
        return int(reply.raise_for_status().json()["data"][0]["meta"]["n_ctx"])


def _free_port() -> int:
    """Chosen here, so that a server that is started again keeps its address."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _without_secrets(settings: Settings, key: str) -> Settings:
    return settings.model_copy(update={**dict.fromkeys(SECRET_FIELDS), "openai_api_key": SecretStr(key)})
