"""`smelt up`: the service on this machine, left running until Ctrl-C or SIGTERM."""

import signal
import sys
import threading
import time
from types import FrameType
from uuid import UUID

from deploy.local_service import Announcement, LocalService
from deploy.local_users import LIFETIME, LOCAL_EMAIL, mint
from deploy.supervisor.service import Service
from pipeline.settings import Settings

RENEW_AFTER = LIFETIME.total_seconds() / 2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked for the end. Not an Exception: nothing on the way may take it for a failure."""


class Console:
    """Prints lines of several processes, each whole and with the name of its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.broken = threading.Event()

    def report(self, name: str, line: str) -> None:
        self.say(f"{name:<11} | {line}")

    def say(self, line: str) -> None:
        """As it is: to be copied."""
        with self._lock:
            if self.broken.is_set():
                return
            try:
                print(line, flush=True)
            except BrokenPipeError:  # nobody reads any more: `up` ends, as a program in a pipe does
                self.broken.set()


def up(settings: Settings) -> None:
    """Returns after a stop that was asked for. Raises what `Service.start` raises, and ServiceFailed."""
    console = Console()
    service = Service(settings, console.report)
    stop_on_signals(service)
    try:
        with service, Announcement() as announcement:
            _say_ready(console, service, settings)
            user = service.settings.local_user if service.signs_in_here else None
            while not console.broken.is_set():
                _let_be_found(console, service, announcement, user)
                _stay(console, service, RENEW_AFTER)
    except StopRequested:
        console.report("smelt", "stopped")


def _stay(console: Console, service: Service, seconds: float) -> None:
    """Raises ServiceFailed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not console.broken.wait(0.5):
        service.check()


def stop_on_signals(service: Service) -> None:
    """The first signal raises StopRequested in the main thread; a second one ends the wait."""
    asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            service.hurry()
            return
        asked = True
        print("stopping; once more to stop at once", file=sys.stderr, flush=True)
        raise StopRequested

    for number in STOP_SIGNALS:
        signal.signal(number, handle)


def _say_ready(console: Console, service: Service, given: Settings) -> None:
    def say(line: str) -> None:
        console.report("smelt", line)

    say(f"ready at {service.address}  (API description: {service.address}/docs)")
    if given.llm_is_file:
        context = service.settings.llm_context_tokens
        say(f"language model: {service.settings.llm_model}, served here, with a context of {context} tokens")
    if not service.settings.has_llm:
        say(
            "no language model is set: the built-in extractive engine answers; see OPENAI_API_KEY, SMELT_LLM_…"
        )


def _let_be_found(console: Console, service: Service, announcement: Announcement, user: UUID | None) -> None:
    """Notes address and token where this user's client looks, and prints them for all others."""
    token = None if user is None else _token(service.settings, user)
    try:
        announcement.write(LocalService(service.address, token))
    except (OSError, RuntimeError) as problem:
        console.report("smelt", f"the client on this machine has to be told the address: {problem}")
    else:
        console.report("smelt", "`smelt submit` and the like find this service by themselves, as this user")
    if token is not None:
        console.report(
            "smelt",
            f"for others, as {LOCAL_EMAIL}, who needs no credits, good for 12 hours (`smelt token` makes more):",
        )
    console.say(f"export SMELT_SERVER={service.address}{'' if token is None else f' SMELT_TOKEN={token}'}")
    if token is not None:
        console.report("smelt", f"in a browser, with that token: {service.address}/#token={token}")


def _token(settings: Settings, user: UUID) -> str:
    return mint(settings.need("jwt_secret"), settings.jwt_audience, user, LOCAL_EMAIL, settings.jwt_issuer)
