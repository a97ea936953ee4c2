"""The sign-in service's public keys, cached; fetched again for an unknown key id, but not again and again."""

import threading
import time

from jwt import PyJWK, PyJWKClient
from jwt.exceptions import PyJWKClientConnectionError, PyJWKSetError

TIMEOUT = 5.0  # seconds
LIFESPAN = 300.0  # seconds that keys are believed
SULK = 5.0  # seconds in which the service isn't tried again after it failed


class KeysUnreachable(Exception):
    """The keys can't be fetched at the moment."""


class PublicKeys:
    """Thread-safe. While the service is away one caller at a time waits for it, and the known keys go on working."""

    def __init__(self, url: str) -> None:
        self._client = PyJWKClient(url, lifespan=LIFESPAN, timeout=TIMEOUT)
        self._fetching = threading.Lock()
        self._silent_until = 0.0

    def get(self, kid: str) -> PyJWK:
        """May fetch (up to `TIMEOUT`). Raises KeysUnreachable, and PyJWTError where there is no such key."""
        known = self._known(kid)
        if known is not None:
            return known
        with self._fetching:
            if time.monotonic() < self._silent_until:
                raise KeysUnreachable("failed a moment ago")
            try:
                return self._client.get_signing_key(kid)
            except (PyJWKClientConnectionError, PyJWKSetError, ValueError) as error:
                self._silent_until = time.monotonic() + SULK
                raise KeysUnreachable(type(error).__name__) from None

    def _known(self, kid: str) -> PyJWK | None:
        cache = self._client.jwk_set_cache
        cached = None if cache is None else cache.get()
        keys = () if cached is None else cached.keys
        return next((key for key in keys if key.key_id == kid and key.public_key_use in ("sig", None)), None)
