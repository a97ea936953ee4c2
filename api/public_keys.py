"""The sign-in service's public keys, cached; fetched again for an unknown key id, but not again and again."""

import threading
import time
from collections.abc import Callable

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientError, PyJWKSetError

TIMEOUT = 5.0  # seconds
FRESH = 300.0  # seconds in which keys are believed without asking
STALE = 86_400.0  # seconds in which they are believed while the service is away
COOLDOWN = 30.0  # seconds after an answer in which an unknown key id isn't asked for
SULK = 5.0  # seconds in which the service isn't tried again after it failed


class KeysUnreachable(Exception):
    """The keys can't be fetched at the moment."""


class UnknownKey(Exception):
    """The sign-in service has no such key."""


class PublicKeys:
    """Thread-safe. While the service is away the known keys go on working, and one caller at a time waits for it.

    A key that the service has withdrawn is refused as soon as it answers: after `FRESH` it is always asked first.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT)
        self._clock = clock
        self._fetching = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = float("-inf")
        self._away = False  # it gave no answer when it was last asked
        self._silent_until = float("-inf")

    def get(self, kid: str) -> PyJWK:
        """May fetch (up to `TIMEOUT`). Raises KeysUnreachable, UnknownKey."""
        known = self._keys.get(kid)
        if known is not None and self._age() < FRESH:
            return known
        usable = known is not None and self._age() < STALE
        # Once the service is known to be away, who has a key at hand doesn't wait while another tries.
        if self._fetching.acquire(blocking=not (usable and self._away)):
            try:
                self._refresh(kid)
            finally:
                self._fetching.release()
        known = self._keys.get(kid)
        if known is not None and self._age() < STALE:
            return known
        if self._age() < FRESH:
            raise UnknownKey
        raise KeysUnreachable

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _refresh(self, kid: str) -> None:
        """Asks, if that is worth it; a failure leaves the keys as they were. Raises KeysUnreachable without a key."""
        if self._age() < (FRESH if kid in self._keys else COOLDOWN):  # another caller has just asked
            return
        if self._clock() >= self._silent_until:
            try:
                self._keys = self._fetch()
            except (PyJWKClientError, ValueError, OSError, RecursionError):
                self._away, self._silent_until = True, self._clock() + SULK
            else:
                self._away, self._fetched_at = False, self._clock()
                return
        if kid not in self._keys:
            raise KeysUnreachable

    def _fetch(self) -> dict[str, PyJWK]:
        """Raises PyJWKClientError, OSError; ValueError, RecursionError where the reply is no set of keys."""
        page = self._client.fetch_data()
        if not isinstance(page.get("keys"), list):
            raise PyJWKClientError("no set of keys")
        try:
            keys = PyJWKSet.from_dict(page).keys
        except PyJWKSetError:  # an answer all the same: it has none that can be used
            keys = []
        return {
            key.key_id: key
            for key in keys
            if isinstance(key.key_id, str) and key.public_key_use in ("sig", None)
        }
