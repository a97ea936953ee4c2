"""An API key of one's own goes into the one call that stores it."""

import json

import httpx2
import pytest

from api.openapi.examples import EXAMPLES
from deploy.client.client import Client
from smelt_client import Misused


def test_a_key_is_written_out_into_the_call_that_stores_it() -> None:
    asked: list[tuple[str, str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, json.loads(request.read())))
        return httpx2.Response(200, json=EXAMPLES["ApiKeyReply"])

    with Client("http://smelt", "token") as client:
        client._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(answer))
        client.account.set_key("sk-planted")
        with pytest.raises(Misused, match="the key") as refused:
            client.account.set_key("secret")
    assert asked == [("PUT", "/v1/api-key", {"api_key": "sk-planted"})]
    assert "secret" not in str(refused.value)
