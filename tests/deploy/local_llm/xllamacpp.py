"""Stands in for the package of this name, which is too large for the suite: as much of it as a process needs to start.

Found by the child process alone, over its PYTHONPATH. The real one is tried by `make interop`.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CONTEXT = 4_096  # of a file, where none is asked for


class CommonParams(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(model=SimpleNamespace(path=""))


class Server:
    """Answers /health and /v1/models; the model's name tells what the process has in its environment."""

    def __init__(self, parameters: Any) -> None:
        if Path(parameters.model.path).read_bytes()[:4] != b"GGUF":
            raise RuntimeError("no such model")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                key = parameters.api_keys[0]
                known = self.path == "/health" or self.headers["Authorization"] == f"Bearer {key}"
                meta = {"n_ctx": parameters.n_ctx or CONTEXT}
                name = ",".join(sorted(os.environ))
                body = json.dumps({"data": [{"id": name, "meta": meta}]}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Quiet."""

        server = ThreadingHTTPServer((parameters.hostnames[0], parameters.port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
