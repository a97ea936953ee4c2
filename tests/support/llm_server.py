"""A language model's server for tests: real HTTP, OpenAI's chat-completions protocol, and faults on demand.

Run by itself (`python -m tests.support.llm_server --port 0 --log calls.jsonl`) it prints its base URL and answers
until it is stopped. Its answer to any task is the first and the last sentence of the input, so a test can tell what
reached it.
"""

import argparse
import json
import re
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = "fake-model"
_INPUT = re.compile(r"<input-([0-9a-f]+)>\n(.*)\n</input-\1>", re.S)
_FURNITURE = re.compile(r"^(?:</?file-[0-9a-f]+>|# .*)$", re.M)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Step:
    """How the server answers one call."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | list[Any] | str | None = None  # body of an answer that isn't 200
    text: str | None = None  # None: first and last sentence of the input
    finish: str | None = "stop"
    usage: bool = True
    read_tokens: int | None = None  # what usage says was read; None: about as many as were sent
    latency: float = 0.0  # seconds before the first chunk
    die_after: int | None = None  # chunks, then the connection is dropped
    stall_after: int | None = None  # chunks, then silence until the client leaves
    meanwhile: bytes = b""  # while stalled, sent again and again
    raw: bytes | None = None  # sent as the stream's only data
    kind: str = "text/event-stream"  # of what is streamed
    done: bool = True  # whether the stream's end is announced
    cut: bool = False  # the connection is dropped behind the last event, without the body's end
    counts: dict[str, Any] = field(default_factory=dict)  # more fields of usage


def error(status: int, code: str = "", message: str = "", **headers: str) -> Step:
    body = {"error": {"message": message or f"secret provider text about {code}", "type": code, "code": code}}
    return Step(status=status, error=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


STEPS: dict[str, Step] = {
    "rate_limited": error(429, "rate_limit_exceeded", Retry_After="1"),
    "unavailable": error(503, "overloaded"),
    "loading": Step(
        status=503, error={"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
    ),
    "quota": error(429, "insufficient_quota"),
    "bad_key": error(401, "invalid_api_key"),
    "die": Step(die_after=1),
    "empty": Step(text=""),
    "thoughts": Step(text="<think>\nOkay, the user wants a summary."),
    "filtered": Step(finish="content_filter"),
}


@dataclass
class Call:
    body: dict[str, Any]
    key: str
    headers: dict[str, str]
    left: threading.Event = field(default_factory=threading.Event)  # the client went away before the end

    @property
    def text(self) -> str:
        return "\n\n".join(str(message["content"]) for message in self.body["messages"])

    @property
    def input(self) -> str:
        """What stands between the input's tags; the whole text where there are none."""
        found = _INPUT.search(self.text)
        return found[2] if found else self.text


class LlmServer(ThreadingHTTPServer):
    """`script` holds the next answers; when it is used up, every call gets the default answer."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0, *, log: Path | None = None, address: str = "127.0.0.1") -> None:
        super().__init__((address, port), _Handler)
        self.script: deque[Step] = deque()
        self.default = Step()
        self.calls: list[Call] = []
        self.context_tokens: int | None = None  # words; a longer prompt is refused as OpenAI does
        self.api_key: str | None = None  # any other is refused
        self.refusal: Callable[[Call], Step | None] = lambda _: (
            None
        )  # of what it doesn't take; asked at each call
        self.arrived = threading.Semaphore(0)  # released once for each call
        self.most_at_once = 0
        self.connections = 0
        self._open: set[Any] = set()
        self._at_once = 0
        self._lock = threading.Lock()
        self._log = log

    @property
    def url(self) -> str:
        return "http://{}:{}/v1".format(*self.server_address)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def leave(self) -> None:
        """From now on nobody listens here, and what was connected is cut off."""
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def come_back(self) -> None:
        """On the same port."""
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()
        self.server_activate()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news where clients are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def begin(self, call: Call) -> Step:
        with self._lock:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            if self._log:
                with self._log.open("a") as file:
                    file.write(json.dumps({"time": time.time(), **call.body}) + "\n")
            step = self.script.popleft() if self.script else self.default
        self.arrived.release()
        if self.api_key is not None and call.key != self.api_key:
            return STEPS["bad_key"]
        if (refusal := self.refusal(call)) is not None:
            return refusal
        if self.context_tokens is not None and len(call.text.split()) > self.context_tokens:
            return error(400, "context_length_exceeded", "This model's maximum context length is exceeded.")
        return step

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LlmServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        pass

    def do_GET(self) -> None:
        if not self.path.endswith("/models"):
            return self._json(404, {"error": {"message": "not found"}}, {})
        if self.server.api_key is not None and self._key() != self.server.api_key:
            return self._json(401, STEPS["bad_key"].error, {})
        return self._json(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]}, {})

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        if len(data := self.rfile.read(length)) < length:
            raise ConnectionResetError("the client left in the midst of its body")
        call = Call(json.loads(data), self._key(), {k.lower(): v for k, v in self.headers.items()})
        step = self.server.begin(call)
        try:
            self._answer(call, step)
        except ConnectionError:
            call.left.set()
        finally:
            self.server.end()

    def _key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def _answer(self, call: Call, step: Step) -> None:
        time.sleep(step.latency)
        if step.status != 200:
            return self._json(step.status, step.error, step.headers)
        text = _default_answer(call.input) if step.text is None else step.text
        usage = _usage(call, step, text) if step.usage else None
        if not call.body.get("stream"):
            choice = {
                "index": 0,
                "finish_reason": step.finish,
                "message": {"role": "assistant", "content": text},
            }
            return self._json(200, {**_head("chat.completion"), "choices": [choice], "usage": usage}, {})
        return self._stream(call, step, text, usage)

    def _stream(self, call: Call, step: Step, text: str, usage: dict[str, Any] | None) -> None:
        self.send_response(200)
        self.send_header("content-type", step.kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if step.raw is not None:
            return self._end(step.raw, step)
        for count, event in enumerate(_events(text, step.finish, usage)):
            if count == step.die_after:
                self.close_connection = True
                return None
            if count == step.stall_after:
                return self._stall(call, step.meanwhile)
            self._chunk(event)
        return self._end(b"data: [DONE]\n\n" if step.done else b": that was all\n\n", step)

    def _end(self, data: bytes, step: Step) -> None:
        self._chunk(data, last=not step.cut)
        self.close_connection = self.close_connection or step.cut

    def _stall(self, call: Call, meanwhile: bytes) -> None:
        self.close_connection = True
        while not select.select([self.connection], [], [], 0.05)[0]:
            if meanwhile:
                self._chunk(meanwhile)
        call.left.set()

    def _chunk(self, data: bytes, *, last: bool = False) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) + (b"0\r\n\r\n" if last else b""))

    def _json(self, status: int, body: object, headers: dict[str, str]) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        usual = {"content-type": "application/json", "content-length": str(len(data))}
        for name, value in {**usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _default_answer(text: str) -> str:
    sentences = [s.strip() for s in _SENTENCE.split(_FURNITURE.sub("", text)) if s.strip()]
    return "\n\n".join(dict.fromkeys((sentences[0], sentences[-1]))) if sentences else "Nothing."


def _usage(call: Call, step: Step, text: str) -> dict[str, Any]:
    read = _tokens(call.text) if step.read_tokens is None else step.read_tokens
    wrote = _tokens(text)
    return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote, **step.counts}


def _tokens(text: str) -> int:
    """About as many as a real model counts: by words, and by characters where a script has no spaces."""
    return len(text.split()) * 4 // 3 + sum(char > "\u2e7f" for char in text) // 2


def _events(text: str, finish: str | None, usage: dict[str, Any] | None) -> Iterator[bytes]:
    half = len(text) // 2
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, {"content": text[:half]}]
    for delta in (*deltas, {"content": text[half:]}):
        yield _event([{"index": 0, "delta": delta, "finish_reason": None}])
    if finish is not None:
        yield _event([{"index": 0, "delta": {}, "finish_reason": finish}])
    if usage is not None:
        yield _event([], usage=usage)


def _event(choices: list[dict[str, Any]], **more: object) -> bytes:
    return event(**_head("chat.completion.chunk"), choices=choices, **more)


def event(**fields: object) -> bytes:
    """A chunk of a stream, of any shape."""
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": MODEL}


@contextmanager
def running(port: int = 0, *, log: Path | None = None, address: str = "127.0.0.1") -> Iterator[LlmServer]:
    server = LlmServer(port, log=log, address=address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="append each call's body here, a JSON line each")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer begins")
    parser.add_argument("--context-tokens", type=int, help="refuse prompts of more words than this")
    parser.add_argument("--api-key", help="refuse every other key")
    parser.add_argument(
        "--script", default="", help=f"first answers, separated by commas: {', '.join(STEPS)}"
    )
    options = parser.parse_args()
    server = LlmServer(options.port, log=options.log)
    server.default = Step(latency=options.latency)
    server.context_tokens, server.api_key = options.context_tokens, options.api_key
    server.script.extend(STEPS[name] for name in options.script.split(",") if name)
    print(server.url, flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
