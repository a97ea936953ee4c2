"""Signatures of webhooks, and their secrets: Standard Webhooks 1.0, symmetric (`v1`, HMAC-SHA256)."""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """As the user is given it, and libraries take it."""
    return PREFIX + b64encode(secret).decode()


def headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """What goes with exactly these bytes. `timestamp`: seconds, of this attempt; one signature for each key."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
