"""`smelt up`: the service on this machine, left running until Ctrl-C or SIGTERM."""

import threading
import time
from uuid import UUID

import httpx2

from deploy.local_service import Announcement, LocalService
from deploy.local_users import LIFETIME, LOCAL_EMAIL, mint
from deploy.supervisor.service import Service
from deploy.supervisor.stop_signals import StopRequested, stopping_on_signals
from pipeline.settings import Settings

RENEW_AFTER = LIFETIME.total_seconds() / 2


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
    try:
        with stopping_on_signals(service) as asked, service, Announcement() as announcement:
            _say_ready(console, service, settings)
            user = service.settings.local_user if service.signs_in_here else None
            while not (console.broken.is_set() or asked.is_set()):
                _let_be_found(console, service, announcement, user)
                _stay(console, service, asked)
    except StopRequested:
        pass
    console.report("smelt", "stopped")


def _stay(console: Console, service: Service, asked: threading.Event) -> None:
    """Raises ServiceFailed."""
    until = time.monotonic() + RENEW_AFTER
    while time.monotonic() < until and not (asked.is_set() or console.broken.wait(0.5)):
        service.check()


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
    if token is not None and service.settings.web:
        console.report("smelt", f"in a browser, signed in (once): {_page_link(service.address, token)}")


def _page_link(address: str, token: str) -> str:
    """The page, with a ticket behind the #, which no browser sends; without one where there is no ticket to be had."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        reply = httpx2.post(f"{address}/v1/session/ticket", headers=headers, timeout=5, trust_env=False)
        reply.raise_for_status()
    except httpx2.HTTPError:
        return f"{address}/"
    return f"{address}/#ticket={reply.json()['ticket']}"


def _token(settings: Settings, user: UUID) -> str:
    return mint(settings.need("jwt_secret"), settings.jwt_audience, user, LOCAL_EMAIL, settings.jwt_issuer)
