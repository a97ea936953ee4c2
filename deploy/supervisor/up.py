"""`smelt up`: the service on this machine, left running until Ctrl-C or SIGTERM."""

import signal
import sys
import threading
from types import FrameType

from deploy.local_llm.model import is_model_file
from deploy.local_users import LOCAL_EMAIL, ensure_local_user, mint
from deploy.supervisor.service import Service
from pipeline.env import Env
from pipeline.settings import DEMO_MODEL, Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked for the end. Not an Exception: nothing on the way may take it for a failure."""


class Console:
    """Prints lines of several processes, each whole and with the name of its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.broken = threading.Event()

    def report(self, name: str, line: str) -> None:
        with self._lock:
            if self.broken.is_set():
                return
            try:
                print(f"{name:<11} | {line}", flush=True)
            except BrokenPipeError:  # nobody reads any more: `up` ends, as a program in a pipe does
                self.broken.set()


def up(settings: Settings) -> None:
    """Returns after a stop that was asked for. Raises what `Service.start` raises, and ServiceFailed."""
    console = Console()
    service = Service(settings, console.report)
    stop_on_signals(service)
    try:
        with service:
            _say_ready(console, service, settings)
            while not console.broken.wait(0.5):
                service.check()
    except StopRequested:
        console.report("smelt", "stopped")


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
    if service.settings.whisper_model == DEMO_MODEL:
        say("speech model: demo, which knows 66 words; set SMELT_WHISPER_MODEL, for example to small")
    if is_model_file(given):
        context = service.settings.llm_context_tokens
        say(f"language model: {service.settings.llm_model}, served here, with a context of {context} tokens")
    if not service.settings.has_llm:
        say(
            "no language model is set: the built-in extractive engine answers; see OPENAI_API_KEY, SMELT_LLM_…"
        )
    own_sign_in = given.jwt_secret is not None or given.jwt_jwks_url is not None
    if service.settings.env is Env.PRODUCTION or own_sign_in or service.settings.jwt_secret is None:
        return
    user = ensure_local_user(service.owner_url)
    secret = service.settings.jwt_secret.get_secret_value()
    say(f"a token for {LOCAL_EMAIL}, good for 12 hours (`smelt token` makes more):")
    say(mint(secret, service.settings.jwt_audience, user, LOCAL_EMAIL, service.settings.jwt_issuer))
