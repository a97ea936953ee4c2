"""At OpenAI's own addresses every error is told in OpenAI's shape, because OpenAI's clients read it there."""

import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import PROBLEM_JSON

PREFIXES = ("/v1/audio/", "/v1/models")

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def openai_error(problem: dict[str, Any]) -> dict[str, Any]:
    """Problem details as OpenAI's error. `code` stays ours; `param` is the first field that is wrong."""
    status = problem["status"]
    faults = problem.get("errors", [])
    return {
        "error": {
            "message": " ".join(fault["detail"] for fault in faults) or problem["detail"],
            "type": _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error"),
            "param": next((fault["field"] for fault in faults if "field" in fault), None),
            "code": problem["code"],
        }
    }


class OpenAiErrors:
    """ASGI middleware: translates the problem details that are sent below `PREFIXES`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIXES):
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def translating(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_problem(message):
                held = message
            elif held is not None:
                head, held = held, None
                body = _translated(message["body"], MutableHeaders(scope=head))
                await send(head)
                await send({**message, "body": body})
            else:
                await send(message)

        await self.app(scope, receive, translating)


def _translated(problem: bytes, headers: MutableHeaders) -> bytes:
    """The body, of which `headers` tell then. Of a `HEAD` there is none, and nobody knows how long it would be."""
    headers["Content-Type"] = "application/json"
    if not problem:
        del headers["Content-Length"]
        return b""
    body = json.dumps(openai_error(json.loads(problem)), ensure_ascii=False).encode()
    headers["Content-Length"] = str(len(body))
    return body


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(PROBLEM_JSON)
