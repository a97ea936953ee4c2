"""The sign-in service's public keys, kept here and fetched by a thread of their own, one fetch at a time.

Requests never talk to that service. Whoever holds a key that is known goes on while it is fetched again; whoever
holds one that isn't waits for the fetch, for a bounded time and a few at once, so that neither a service that is slow
nor key ids that are made up take the threads of all requests. PyJWT's own client fetches in the thread of the request
that asks, for every unknown id anew, with a limit per read and none for the reply's size; its keys are used here.
"""

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from pipeline.net.fetch import MOST_REDIRECTS, FetchFailed, fetch

log = logging.getLogger("smelt.api")

TIMEOUT = 5.0  # seconds for the whole exchange, redirects included
MOST_BYTES = 1_000_000  # of the reply
MOST_KEYS = 100
RENEW = 240.0  # seconds after which keys are fetched again in the background
FRESH = 300.0  # seconds in which keys are believed without waiting for that
STALE = 86_400.0  # seconds in which they are believed while the service is away
COOLDOWN = 30.0  # seconds after an answer in which an unknown key id isn't asked for
FAILURE_BACKOFF = 5.0  # seconds in which the service isn't tried again after it failed
BRIEF = 1.0  # seconds after its begin that a fetch may keep a request whose key is known
LONGEST_WAIT = TIMEOUT + 1.0  # the same for a request whose key isn't
MOST_WAITING = 8  # requests that wait at once; each holds one of the threads of all requests (40)


class KeysUnreachable(Exception):
    """The keys can't be had at the moment."""


class UnknownKey(Exception):
    """The sign-in service has no such key."""


@dataclass(frozen=True, slots=True)
class _Page:
    """What the service last answered, and when."""

    keys: Mapping[str, PyJWK]
    fetched_at: float


@dataclass(frozen=True, slots=True)
class _Fetch:
    begun: float
    ended: threading.Event = field(default_factory=threading.Event)


class PublicKeys:
    """Thread-safe. While the service is away the known keys go on working, and nobody who has one waits for it.

    A key that the service has withdrawn is refused as soon as it answers. Keys older than `FRESH` are believed only
    once the service was asked: for up to `BRIEF` seconds its answer is waited for, unless it is known to be away.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Asks nothing yet. Raises ValueError for what is no URL of HTTP."""
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError("the URL of the sign-in service's keys must begin with http:// or https://")
        self._url = url
        self._tls = (
            ssl.create_default_context()
        )  # the system's certificates, those of an organization among them
        self._clock = clock
        self._page = _Page({}, float("-inf"))
        self._lock = threading.Lock()  # of what follows; never held while something is waited for
        self._fetch: _Fetch | None = None  # the one under way
        self._away = False  # it gave no answer when it was last asked
        self._silent_until = float("-inf")
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def warm(self) -> None:
        """Fetches the keys before the first request needs them. Waits for up to `BRIEF` seconds. Raises nothing."""
        self._wait(self._asked(COOLDOWN), BRIEF)

    def get(self, kid: str) -> PyJWK:
        """Waits for up to `BRIEF` seconds where the key is known, for up to `LONGEST_WAIT` where it isn't.

        Raises KeysUnreachable, UnknownKey.
        """
        known = self._believed(kid)
        if known is None:
            self._wait(self._asked(COOLDOWN), LONGEST_WAIT)
        elif self._age() >= RENEW:
            asked = self._asked(RENEW)
            if self._age() >= FRESH and not self._away:
                self._wait(asked, BRIEF)
        known = self._believed(kid)
        if known is not None:
            return known
        if self._age() < COOLDOWN:
            raise UnknownKey
        raise KeysUnreachable

    def _believed(self, kid: str) -> PyJWK | None:
        page = self._page
        return page.keys.get(kid) if self._clock() - page.fetched_at < STALE else None

    def _age(self) -> float:
        return self._clock() - self._page.fetched_at

    def _wait(self, asked: _Fetch | None, longest_wait: float) -> None:
        """Until the fetch has ended, or `longest_wait` seconds after its begin; not at all where enough others wait."""
        if asked is None:
            return
        left = asked.begun + longest_wait - self._clock()
        if left > 0 and self._places.acquire(blocking=False):
            try:
                asked.ended.wait(left)
            finally:
                self._places.release()

    def _asked(self, age: float) -> _Fetch | None:
        """The fetch under way, begun now if there is none. None where the keys are younger than `age` seconds, or the
        service has just failed.
        """
        with self._lock:
            now = self._clock()
            if self._fetch is None and self._age() >= age and now >= self._silent_until:
                begun = _Fetch(now)
                threading.Thread(target=self._renew, args=(begun,), name="public keys", daemon=True).start()
                self._fetch = begun
            return self._fetch

    def _renew(self, begun: _Fetch) -> None:
        """The fetch's own thread. A failure, of whatever kind, leaves the keys as they were."""
        keys, failure = None, "an unexpected error"
        try:
            keys = self._fetched()
        except (FetchFailed, ValueError, RecursionError) as error:
            failure = str(error) if isinstance(error, FetchFailed) else type(error).__name__
        finally:
            self._note(keys, failure)
            begun.ended.set()

    def _note(self, keys: Mapping[str, PyJWK] | None, failure: str) -> None:
        with self._lock:
            now = self._clock()
            if keys is not None:
                self._page = _Page(keys, now)
            elif not self._away:
                log.warning("the sign-in service gave no public keys (%s)", failure)
            self._away = keys is None
            self._silent_until = now + FAILURE_BACKOFF if self._away else now
            self._fetch = None

    def _fetched(self) -> dict[str, PyJWK]:
        """Raises FetchFailed; ValueError, RecursionError where the reply is no set of keys."""
        reply = fetch(
            self._url, deadline=TIMEOUT, most_bytes=MOST_BYTES, redirects=MOST_REDIRECTS, tls=self._tls
        )
        if reply.status != 200:
            raise FetchFailed(f"status {reply.status}")
        page = json.loads(reply.body)
        keys = page.get("keys") if isinstance(page, dict) else None
        if not isinstance(keys, list) or len(keys) > MOST_KEYS:
            raise ValueError("no set of keys")
        usable = (_usable(each) for each in keys)
        return {str(key.key_id): key for key in usable if key is not None}


def _usable(each: Any) -> PyJWK | None:
    """None for what is no key for signatures, or one that can't be read."""
    try:
        key = PyJWK(each)
    except (PyJWTError, ValueError, TypeError, AttributeError, LookupError):
        return None
    return key if isinstance(key.key_id, str) and key.public_key_use in ("sig", None) else None
