"""Machine tokens: random strings that stand for a user until they expire or are revoked.

They carry 256 random bits, so a plain SHA-256 is enough to store: there is nothing to guess from it.
"""

import secrets
from hashlib import sha256

PREFIX = "smelt_"
RANDOM_BYTES = 32


def new_machine_token() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def is_machine_token(token: str) -> bool:
    return token.startswith(PREFIX)


def token_hash(token: str) -> bytes:
    """32 bytes."""
    return sha256(token.encode()).digest()
