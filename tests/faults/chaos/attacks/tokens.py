"""Tokens that nobody has given out, each of which the service has to look up somewhere."""

import base64
import json
import secrets

from tests.faults.chaos.attacks.target import Target


def unknown_keys(target: Target) -> None:
    """Signed by keys that only the service which publishes them could know, and it drips."""

    def one() -> None:
        with target.client() as client:
            for _ in target.paced(1):
                target.ask(client, "GET", "/v1/profile", headers=_bearer(_signed_by_nobody()))

    target.at_once(20, one)


def machine_tokens(target: Target) -> None:
    def one() -> None:
        with target.client() as client:
            for _ in target.paced(15):
                guess = f"smelt_{secrets.token_urlsafe(32)}"
                target.ask(client, "GET", "/v1/usage", headers=_bearer(guess))

    target.at_once(2, one)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _signed_by_nobody() -> str:
    parts = ({"alg": "ES256", "typ": "JWT", "kid": secrets.token_hex(8)}, {"sub": "nobody"})
    texts = [json.dumps(part).encode() for part in parts]
    return ".".join(
        base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in (*texts, secrets.token_bytes(64))
    )
