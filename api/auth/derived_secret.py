"""Keys for the different uses of one server secret, so that no use can be played off against another."""

import hmac
from hashlib import sha256


def derived_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes: HMAC-SHA256 of the purpose."""
    return hmac.new(secret, purpose.encode(), sha256).digest()
