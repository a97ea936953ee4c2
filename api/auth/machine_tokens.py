"""Machine tokens: random strings that stand for a user until they expire or are revoked.

They carry 256 random bits, so a plain SHA-256 is enough to store: there is nothing to guess from it.
"""

import re
import secrets
from hashlib import sha256

PREFIX = "smelt_"
RANDOM_BYTES = 32
_WELL_FORMED = re.compile(r"smelt_[A-Za-z0-9_-]{43}")


def new_machine_token() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def is_machine_token(token: str) -> bool:
    """Whether it says that it is one."""
    return token.startswith(PREFIX)


def is_well_formed(token: str) -> bool:
    """Whether it may have been made here; of any other the database needn't be asked."""
    return _WELL_FORMED.fullmatch(token) is not None


def token_hash(token: str) -> bytes:
    """32 bytes."""
    return sha256(token.encode()).digest()
