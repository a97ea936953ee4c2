"""Others who use the service meanwhile: small requests, small smelts, each with an account and address of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from deploy.local_users import ensure_local_user, mint
from tests.faults.chaos.world import World
from tests.support.secrets import JWT_SECRET

PATHS = ("/v1/profile", "/v1/prompts", "/v1/usage", "/v1/smelts?limit=5")
PAUSE = 0.25  # seconds between two requests of one
POST_EVERY = 8  # requests
FIRST_ADDRESS = 10  # 127.0.0.10 and on


def signed_in(it: World, name: str) -> dict[str, str]:
    email = f"{name}@example.org"
    user = ensure_local_user(it.service.owner_url, email)
    return {"Authorization": f"Bearer {mint(JWT_SECRET, it.service.settings.jwt_audience, user, email)}"}


@dataclass
class Neighbours:
    """`waits`: seconds of each small request. `wrong`: the answers that were none of the expected, of all kinds."""

    it: World
    waits: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def at_work(self, count: int) -> Iterator[None]:
        """Until the block ends. Their smelts are the oracle's."""
        over = threading.Event()
        threads = [threading.Thread(target=self._work, args=(number, over)) for number in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _work(self, number: int, over: threading.Event) -> None:
        headers = signed_in(self.it, f"neighbour{number}")
        transport = httpx.HTTPTransport(local_address=f"127.0.0.{FIRST_ADDRESS + number}")
        address = self.it.service.address
        with httpx.Client(base_url=address, headers=headers, transport=transport, timeout=60) as client:
            step = number
            while not over.wait(PAUSE):
                step += 1
                if step % POST_EVERY == 0:
                    self._post(client, headers)
                else:
                    self._ask(client, PATHS[step % len(PATHS)])

    def _ask(self, client: httpx.Client, path: str) -> None:
        started = time.monotonic()
        try:
            status = client.get(path).status_code
        except httpx.TransportError as error:
            self.wrong.append(f"GET {path}: {type(error).__name__}")
        else:
            if status != httpx.codes.OK:
                self.wrong.append(f"GET {path}: {status}")
        self.waits.append(time.monotonic() - started)

    def _post(self, client: httpx.Client, headers: dict[str, str]) -> None:
        key, started = uuid4().hex, time.monotonic()
        body = {"texts": [f"item {key}: alice sends the report"], "default_prompt_names": ["summarize"]}
        oracle = self.it.oracle
        try:
            answer = client.post("/v1/smelts", json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            self.wrong.append(f"POST: {type(error).__name__}")
            return
        if answer.status_code != httpx.codes.ACCEPTED:
            self.wrong.append(f"POST: {answer.status_code}")
            return
        oracle.waits.append(time.monotonic() - started)
        oracle.accepted[key] = answer.json()["id"]
        oracle.owners[oracle.accepted[key]] = headers
