"""Supabase Auth as the page's session asks it: real HTTP, `POST /otp` and `POST /token?grant_type=refresh_token`.

A refresh token is taken once, as there; what each was given for is a user of the cast.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "publishable-key"


@dataclass
class SignInServer:
    """`mint`: makes an access token. `refresh_tokens`: which are taken now. `links`: e-mail addresses and where to."""

    url: str
    mint: Callable[[], str]
    refresh_tokens: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200  # of whatever is asked, unless it is 200

    def answer(self, path: str, key: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if key != KEY:
            return 401, {"message": "No API key found in request"}
        if self.status != 200:
            return self.status, {"error_code": "over_email_send_rate_limit"}
        asked = urlsplit(path)
        query = parse_qs(asked.query)
        if asked.path == "/auth/v1/otp":
            self.links.append((body["email"], query["redirect_to"][0]))
            return 200, {}
        if asked.path == "/auth/v1/token" and query["grant_type"] == ["refresh_token"]:
            if body["refresh_token"] not in self.refresh_tokens:
                return 400, {"error_code": "refresh_token_not_found"}
            self.refresh_tokens = {f"{body['refresh_token']}+"}
            [next_token] = self.refresh_tokens
            return 200, {"access_token": self.mint(), "token_type": "bearer", "refresh_token": next_token}
        return 404, {}


@contextmanager
def signing_in(mint: Callable[[], str]) -> Iterator[SignInServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, reply = server.answer(self.path, self.headers["apikey"], body)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = SignInServer(f"http://127.0.0.1:{http.server_address[1]}/auth/v1", mint)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield server
        http.shutdown()
