"""The client that writes down every `202`, and so knows what the service owes."""

import random
import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from deploy.service import Service
from deploy.tokens import ensure_local_user, mint
from tests.secrets import JWT_SECRET

PATIENCE = 120.0  # seconds in which one post must be accepted


@dataclass
class Oracle:
    """Posts as several users; a post without a clear answer is repeated with the same key until it has one.

    `accepted`: idempotency key → smelt. `items`: every text that was sent, unique. `waits`: seconds that each
    accepted exchange took. `refusals`: answers of 503.
    """

    service: Service
    users: int
    chance: random.Random
    accepted: dict[str, str] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refusals: int = 0

    def __post_init__(self) -> None:
        self._headers = [self._sign_in(f"user{n}") for n in range(self.users)]
        self._http = httpx.Client(base_url=self.service.address, timeout=10, trust_env=False)

    def post_texts(
        self, count: int, prompts: tuple[str, ...] = ("summarize",), mode: str = "separate"
    ) -> str:
        """One smelt of so many texts. Returns its id."""
        texts = [f"item {uuid4().hex} says that alice will send the budget report" for _ in range(count)]
        self.items += texts
        parts = [("texts", (None, text.encode())) for text in texts]
        return self._post([*parts, *_fields(prompts, mode)])

    def post_recordings(self, audio: bytes, count: int, prompts: tuple[str, ...] = ()) -> str:
        parts = [("files", (f"{n}.wav", audio)) for n in range(count)]
        return self._post([*parts, *_fields(prompts, "separate")])

    def close(self) -> None:
        self._http.close()

    def _post(self, parts: list[tuple[str, tuple[str | None, bytes]]]) -> str:
        key = uuid4().hex
        headers = {**self.chance.choice(self._headers), "Idempotency-Key": key}
        deadline = time.monotonic() + PATIENCE
        while True:
            started = time.monotonic()
            try:
                answer = self._http.post("/v1/smelts", files=parts, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                self.waits.append(time.monotonic() - started)
                self.accepted[key] = answer.json()["id"]
                return self.accepted[key]
            if answer is not None and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise AssertionError(f"a post was answered with {answer.status_code}: {answer.text}")
            self.refusals += answer is not None
            assert time.monotonic() < deadline, "a post was not accepted in time"
            time.sleep(0.2)

    def _sign_in(self, name: str) -> dict[str, str]:
        email = f"{name}@example.org"
        user = ensure_local_user(self.service.owner_url, email)
        token = mint(JWT_SECRET, self.service.settings.jwt_audience, user, email)
        return {"Authorization": f"Bearer {token}"}


def _fields(prompts: tuple[str, ...], mode: str) -> list[tuple[str, tuple[str | None, bytes]]]:
    fields = [("mode", mode), *(("default_prompt_names", prompt) for prompt in prompts)]
    return [(name, (None, value.encode())) for name, value in fields]
