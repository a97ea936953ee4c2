"""The whole service for a measurement, and a client that posts to it and waits."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from deploy.demo.demonstration import DemoSettings
from deploy.local_users import ensure_local_user, mint
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.service import Service
from pipeline.speech.process import CHILD
from tests.speech_model import WORD_MODEL
from tests.support.secrets import IP_HASH_SECRET, JWT_SECRET, KEYRING

TERMINAL = ("completed", "failed", "canceled")
Upload = tuple[str, bytes, str]  # filename, content, content type


@dataclass(frozen=True)
class Client:
    http: httpx.Client

    def post(self, *uploads: Upload, texts: tuple[str, ...] = (), **fields: str) -> str:
        """The accepted smelt's id. Raises httpx.HTTPStatusError unless it is accepted."""
        parts: list[tuple[str, Any]] = [("files", upload) for upload in uploads]
        parts += [("texts", (None, text)) for text in texts]
        parts += [(name, (None, value)) for name, value in fields.items()]
        accepted = self.http.post("/v1/smelts", files=parts).raise_for_status().json()
        return str(accepted["id"])

    def wait(self, smelt_id: str, *, seconds: float = 60, every: float = 0.05) -> dict[str, Any]:
        """The smelt, completed. Raises TimeoutError, or AssertionError if it ends otherwise."""
        deadline = time.monotonic() + seconds
        while True:
            smelt: dict[str, Any] = self.http.get(f"/v1/smelts/{smelt_id}").raise_for_status().json()
            if smelt["status"] in TERMINAL:
                assert smelt["status"] == "completed", smelt
                return smelt
            if time.monotonic() > deadline:
                raise TimeoutError(f"still {smelt['status']} after {seconds} s")
            time.sleep(every)


@dataclass(frozen=True)
class Bench:
    service: Service

    @contextmanager
    def client(self, name: str) -> Iterator[Client]:
        """Signed in under this name, made if need be."""
        email = f"{name}@example.org"
        user = ensure_local_user(self.service.owner_url, email)
        token = mint(JWT_SECRET, self.service.settings.jwt_audience, user, email)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(
            base_url=self.service.address, headers=headers, timeout=60, trust_env=False
        ) as http:
            yield Client(http)

    @property
    def api(self) -> psutil.Process:
        """The API's own process."""
        children = psutil.Process(os.getpid()).children(recursive=True)
        return next(child for child in children if child.cmdline()[-1:] == ["api"])

    @property
    def speech(self) -> list[psutil.Process]:
        """The processes that hold the speech model."""
        children = psutil.Process(os.getpid()).children(recursive=True)
        return [child for child in children if CHILD in child.cmdline()]

    def pool(self, queue: str) -> list[psutil.Process]:
        """The processes below the master of a queue's pool."""
        children = psutil.Process(os.getpid()).children(recursive=True)
        masters = [child for child in children if queue in child.cmdline()]
        return [process for master in masters for process in master.children(recursive=True)]


class Peak:
    """The highest resident size of a process while the block runs."""

    def __init__(self, process: psutil.Process) -> None:
        self.highest = 0
        self._process = process
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.highest = max(self.highest, self._process.memory_info().rss)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()


# Each from the tree in the working directory, wherever the command `smelt` is installed from.
COMMANDS_HERE = {
    name: [sys.executable, "-c", "from deploy.cli.entry import main; main()", *command[1:]]
    for name, command in COMMANDS.items()
}


@contextmanager
def bench_service(**changes: object) -> Iterator[Bench]:
    """Embedded engines in a temporary folder, whose path is short enough for their sockets."""
    with TemporaryDirectory(prefix="smelt-bench-", dir="/tmp") as folder:
        values = {
            "data_dir": Path(folder) / "data",
            "port": 0,
            "keyring": KEYRING,
            "jwt_secret": JWT_SECRET,
            "ip_hash_secret": IP_HASH_SECRET,
            "whisper_model": WORD_MODEL,
            "weekly_credits": 1_000_000,
            "platform_daily_cap": 1_000_000,
            "rate_signed_in": 1_000_000,
            "rate_address": 1_000_000,
            "worker_grace": 2,
            **changes,
        }
        settings = DemoSettings.model_validate(values)
        with Service(settings, lambda *_: None, isolated=True, commands=COMMANDS_HERE) as service:
            yield Bench(service)
