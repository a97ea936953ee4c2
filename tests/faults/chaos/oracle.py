"""The client that writes down every `202`, and so knows what the service owes."""

import random
import socket
import time
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

import httpx

from deploy.local_users import ensure_local_user, mint
from pipeline.settings import Settings
from pipeline.states import Channels

Part = tuple[str, tuple[str | None, bytes]]  # of a form: name, (filename, content)
WAIT_SECONDS = 120.0  # seconds in which one post must be accepted

OF_THE_PROXY = (httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT)


class Target(Protocol):
    """A service, wherever its processes are. `address`: of its API. `owner_url`: of its database."""

    @property
    def address(self) -> str: ...

    @property
    def owner_url(self) -> str: ...

    @property
    def settings(self) -> Settings: ...


@dataclass
class Oracle:
    """Posts as several users; a post without a clear answer is repeated with the same key until it has one.

    `accepted`: idempotency key → smelt. `items`: every text that was sent, unique. `waits`: seconds that each
    accepted exchange took. `refusals`: answers of 503; `silences`: how each exchange ended that had none. `owners`:
    smelt → its owner's headers. `hang_ups`: share of the exchanges whose client first sends the same and leaves
    without the reply; `hung_up`: how many did. `proxied`: a proxy answers for an API that is gone.
    """

    service: Target
    users: int
    chance: random.Random
    accepted: dict[str, str] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refusals: int = 0
    owners: dict[str, dict[str, str]] = field(default_factory=dict)
    slowest_refusal: float = 0.0
    silences: list[str] = field(default_factory=list)
    hang_ups: float = 0.0
    hung_up: int = 0
    proxied: bool = False

    def __post_init__(self) -> None:
        self._headers = [self._sign_in(f"user{n}") for n in range(self.users)]
        self._timeout = 10.0
        self._opened: list[httpx.Client] = []
        self.post_to(self.service.address)

    def post_texts(
        self, count: int, prompts: tuple[str, ...] = ("summarize",), mode: str = "separate"
    ) -> str:
        """One smelt of so many texts. Returns its id."""
        return self._post([*self._texts(count), *_fields(prompts, mode)])

    def post_recordings(
        self,
        audio: bytes,
        count: int,
        prompts: tuple[str, ...] = (),
        mode: str = "separate",
        *,
        script: str | None = None,
        user: int | None = None,
        texts: int = 0,
        separate: bool = False,
    ) -> str:
        """`script`: what the scripted engine does with them (`tests/faults/chaos/scripted_child.py`). `user`: by
        number. `texts`: as many come first. `separate`: each channel is heard by itself.
        """
        parts = self._texts(texts)
        parts += [("files", (f"{n}.wav", audio)) for n in range(count)]
        if script is not None:
            parts.append(("vocabulary", (None, f"script {script}".encode())))
        if separate:
            parts.append(("channels", (None, Channels.SEPARATE.value.encode())))
        return self._post([*parts, *_fields(prompts, mode)], user)

    def withdraw(self, smelt: str, way: str) -> int:
        """The answer's status. `way`: cancel, delete content, or delete: then nothing is owed for it any more."""
        path, headers = f"/v1/smelts/{smelt}", self.owners[smelt]
        if way == "cancel":
            return self._http.post(f"{path}/cancel", headers=headers).status_code
        if way == "delete content":
            return self._http.delete(f"{path}/content", headers=headers).status_code
        self.accepted = {key: value for key, value in self.accepted.items() if value != smelt}
        return self._http.delete(path, headers=headers).status_code

    def post_to(self, *addresses: str) -> None:
        """From now on to these APIs, any of them each time."""
        self._clients = [
            httpx.Client(base_url=address, timeout=self._timeout, trust_env=False) for address in addresses
        ]
        self._opened += self._clients

    def wait_for_answers(self, seconds: float) -> None:
        """For so long each, in place of 10 seconds."""
        self._timeout = seconds
        for client in self._clients:
            client.timeout = httpx.Timeout(seconds)

    def close(self) -> None:
        for client in self._opened:
            client.close()

    @property
    def _http(self) -> httpx.Client:
        return self._clients[0] if len(self._clients) == 1 else self.chance.choice(self._clients)

    def _texts(self, count: int) -> list[Part]:
        texts = [f"item {uuid4().hex} says that alice will send the budget report" for _ in range(count)]
        self.items += texts
        return [("texts", (None, text.encode())) for text in texts]

    def _post(self, parts: list[Part], user: int | None = None) -> str:
        key = uuid4().hex
        owner = self.chance.choice(self._headers) if user is None else self._headers[user]
        headers = {**owner, "Idempotency-Key": key}
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            started, http = time.monotonic(), self._http
            request = http.build_request("POST", "/v1/smelts", files=parts, headers=headers)
            if self.chance.random() < self.hang_ups:
                self._hang_up(request)
            try:
                answer = http.send(request)
            except httpx.TransportError as error:
                answer = None
                self.silences.append(f"{type(error).__name__} after {time.monotonic() - started:.1f} s")
            if self.proxied and answer is not None and answer.status_code in OF_THE_PROXY:
                self.silences.append(f"{answer.status_code} after {time.monotonic() - started:.1f} s")
                answer = None
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                self.waits.append(time.monotonic() - started)
                self.accepted[key] = answer.json()["id"]
                self.owners[self.accepted[key]] = owner
                return self.accepted[key]
            if answer is not None and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise AssertionError(f"a post was answered with {answer.status_code}: {answer.text}")
            if answer is not None:
                self.refusals += 1
                self.slowest_refusal = max(self.slowest_refusal, time.monotonic() - started)
            assert time.monotonic() < deadline, "a post was not accepted in time"
            time.sleep(0.2)

    def _hang_up(self, request: httpx.Request) -> None:
        """Sends the request, and leaves before, while or after it is carried out."""
        lines = [f"{request.method} {request.url.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.read())
            time.sleep(self.chance.uniform(0.0, 0.2))
        self.hung_up += 1

    def _sign_in(self, name: str) -> dict[str, str]:
        email = f"{name}@example.org"
        user = ensure_local_user(self.service.owner_url, email)
        settings = self.service.settings
        token = mint(settings.need("jwt_secret"), settings.jwt_audience, user, email)
        return {"Authorization": f"Bearer {token}"}


def _fields(prompts: tuple[str, ...], mode: str) -> list[Part]:
    fields = [("mode", mode), *(("default_prompt_names", prompt) for prompt in prompts)]
    return [(name, (None, value.encode())) for name, value in fields]
