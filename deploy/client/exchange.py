"""Calls with a body that is JSON, and replies that are checked: what all parts of the client are made of."""

from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from deploy.client.causes import not_the_service
from deploy.client.failures import Unreachable
from deploy.client.sending import send

Model = TypeVar("Model", bound=BaseModel)


class Exchange:
    """Every method raises Refused and Unreachable (`deploy/client/failures.py`)."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def read(self, model: type[Model], url: str, **params: str) -> Model:
        return parsed(model, send(lambda: self._http.get(url, params=params), repeatable=True))

    def call(self, model: type[Model], method: str, url: str, body: BaseModel | None = None) -> Model:
        """What isn't set in `body` isn't sent."""
        content = None if body is None else body.model_dump_json(exclude_unset=True).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        reply = send(
            lambda: self._http.request(method, url, content=content, headers=headers),
            repeatable=method == "PUT",
        )
        return parsed(model, reply)

    def remove(self, url: str) -> None:
        send(lambda: self._http.delete(url), repeatable=False)

    def fetch(self, url: str, accept: str = "*/*") -> bytes:
        return send(lambda: self._http.get(url, headers={"Accept": accept}), repeatable=True).content


def parsed(model: type[Model], reply: httpx2.Response) -> Model:
    """Raises Unreachable for what the service can't have answered."""
    try:
        return model.model_validate_json(reply.content)
    except ValidationError:
        raise Unreachable(not_the_service(reply)) from None
