"""`smelt demo`: a recording and a text go through the whole service, in a temporary folder of their own.

It uses nothing of the user's: no setting, no database, no key.
"""

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import httpx2
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console
from rich.markdown import Markdown

from api.schemas.smelts import SmeltReply
from deploy.client.progress import display
from deploy.local_users import LOCAL_EMAIL, ensure_local_user, mint
from deploy.problems import Problem
from deploy.supervisor.service import Service
from deploy.supervisor.up import StopRequested, stop_on_signals
from pipeline.settings import DEMO_MODEL, Settings

INPUTS = (Path(__file__).parent / "meeting.m4a", Path(__file__).parent / "notes.md")
PROMPTS = ["summarize", "action_items"]
DONE_WITHIN = 180.0  # seconds for one smelt
LONGEST_TEMPORARY = 55  # bytes
LOG_TAIL = 60  # lines shown when something fails
INTRODUCTION = (
    "A recording and a text go through the whole service, on engines of its own in a temporary folder. "
    "Its speech model, which ships with it, knows 66 words and no more: for `make up`, SMELT_WHISPER_MODEL=small "
    "(or another faster-whisper model) sets a real one. No language model is set, so the built-in extractive "
    "engine arranges the inputs' own sentences: OPENAI_API_KEY or SMELT_LLM_BASE_URL sets one."
)


class DemoFailed(Exception):
    """A step had another outcome than it should; the message says which."""


class DemoSettings(Settings):
    """Settings from arguments alone: the environment is the user's."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class Demo:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.log: deque[str] = deque(maxlen=LOG_TAIL)
        self.times: list[tuple[str, float]] = []

    def run(self) -> None:
        """Raises DemoFailed, Problem, httpx2.HTTPError."""
        with TemporaryDirectory(prefix="smelt-demo-", dir=_short_folder()) as folder:
            settings = DemoSettings.model_validate(
                {"data_dir": folder, "port": 0, "whisper_model": DEMO_MODEL}
            )
            service = Service(settings, self._note, isolated=True)
            stop_on_signals(service)
            with self._step("start Postgres, Valkey, the API and the workers"):
                service.start()
            try:
                with self._client(service) as client:
                    self._show(service, client)
            finally:
                with self._step("stop everything and remove the temporary folder"):
                    service.stop()

    def say_times(self) -> None:
        self.console.rule("how long each step took")
        for name, seconds in self.times:
            self._say(f"{seconds:6.2f} s  {name}")

    def _show(self, service: Service, client: httpx2.Client) -> None:
        for mode, meaning in (("combine", "all files together"), ("separate", "each file by itself")):
            self.console.rule(f"{mode}: {', '.join(PROMPTS)} of {meaning}")
            with self._step(f"{mode}: transcribe the recording, apply two prompts to {meaning}"):
                smelt = self._complete(service, client, mode)
            for warning in smelt["warnings"]:
                self._say(f"warning: {warning}")
            if mode == "combine":
                self._say_transcript(client, smelt)
            self._print_markdown(_get(client, f"/v1/smelts/{smelt['id']}/outputs", "text/markdown").text)

    def _complete(self, service: Service, client: httpx2.Client, mode: str) -> dict[str, Any]:
        """Posts the inputs and follows the smelt to its end."""
        smelt: dict[str, Any] = _post(client, mode)
        url = f"/v1/smelts/{smelt['id']}"
        deadline = time.monotonic() + DONE_WITHIN
        with display(self.console) as shown:
            while True:
                smelt = _get(client, url).json()
                shown.show([SmeltReply.model_validate(smelt)])
                if smelt["status"] in ("completed", "failed", "canceled"):
                    break
                service.check(most_deaths=2)
                if time.monotonic() > deadline:
                    raise DemoFailed(f"the smelt was still {smelt['status']} after {DONE_WITHIN:g} s")
                time.sleep(0.1)
        broken = [part for part in (smelt, *smelt["files"], *smelt["outputs"]) if part["error_code"]]
        if smelt["status"] != "completed" or broken:
            reasons = "; ".join(f"{part['error_code']}: {part['error_message']}" for part in broken)
            raise DemoFailed(f"the smelt ended as {smelt['status']}: {reasons or 'without a reason'}")
        return smelt

    def _say_transcript(self, client: httpx2.Client, smelt: dict[str, Any]) -> None:
        for file in smelt["files"]:
            if file["input_type"] == "audio":
                url = f"/v1/smelts/{smelt['id']}/files/{file['id']}/transcript?format=txt"
                self._say(f"\nWhat was heard in {file['filename']}:\n\n{_get(client, url).text.strip()}\n")

    def _print_markdown(self, text: str) -> None:
        if self.console.is_terminal:
            self.console.print(Markdown(text))
        else:
            self._say(text)

    @contextmanager
    def _client(self, service: Service) -> Iterator[httpx2.Client]:
        secret = service.settings.need("jwt_secret")
        user = ensure_local_user(service.owner_url)
        token = mint(secret, service.settings.jwt_audience, user, LOCAL_EMAIL)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=service.address, headers=headers, timeout=30, trust_env=False) as client:
            yield client

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.times.append((name, time.monotonic() - started))

    def _note(self, process: str, line: str) -> None:
        self.log.append(f"{process:<11} | {line}")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def demo() -> int:
    """The exit code: 0, 1 when something failed, 130 when it was interrupted."""
    console = Console()
    console.print(INTRODUCTION, markup=False, highlight=False)
    show = Demo(console)
    try:
        show.run()
    except StopRequested:
        console.print("interrupted")
        return 130
    except (DemoFailed, Problem, httpx2.HTTPError) as problem:
        console.rule("the last lines of the service")
        for line in show.log:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print(f"The demo failed: {problem}", markup=False, highlight=False, soft_wrap=True)
        return 1
    show.say_times()
    return 0


def _short_folder() -> str:
    """The user's temporary folder, unless a socket's path in it would be too long."""
    usual = gettempdir()
    return usual if len(os.fsencode(usual)) <= LONGEST_TEMPORARY else "/tmp"  # noqa: S108


def _post(client: httpx2.Client, mode: str) -> dict[str, Any]:
    files = [("files", (path.name, path.read_bytes())) for path in INPUTS]
    answer = client.post("/v1/smelts", files=files, data={"mode": mode, "default_prompt_names": PROMPTS})
    if answer.status_code != httpx2.codes.ACCEPTED:
        raise DemoFailed(f"POST /v1/smelts answered {answer.status_code}: {answer.text}")
    smelt: dict[str, Any] = answer.json()
    return smelt


def _get(client: httpx2.Client, url: str, accept: str = "*/*") -> httpx2.Response:
    answer = client.get(url, headers={"Accept": accept})
    if answer.status_code != httpx2.codes.OK:
        raise DemoFailed(f"GET {url} answered {answer.status_code}: {answer.text}")
    return answer
