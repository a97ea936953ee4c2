"""Callers whose posts have been taken in, by what they sent as their authorization.

A small post of one of them is read at once, and all that is asked of Postgres about it is asked together
(`api/smelts/at_once.py`). Nothing that is remembered here is believed: it only tells in which order to look.
"""

from starlette.requests import Request

from api.auth.identity import Caller, User, user_of
from api.auth.machine_tokens import token_hash
from api.services import services

SMALL_BYTES = 16 * 1024  # of a body, which is held and parsed before its sender is known for certain


def known_poster(request: Request) -> User | None:
    """Who posted last with this authorization, if that was taken in; and if this body says that it is small."""
    shared, key = services(request), _key(request)
    profile = shared.posters.get(key) if key and _is_small(request) else None
    return None if profile is None else user_of(shared, profile)


def note(request: Request, caller: Caller) -> None:
    key = _key(request)
    if key and isinstance(caller, User):
        services(request).posters.put(key, caller.profile)


def forget(request: Request) -> None:
    if key := _key(request):
        services(request).posters.forget(key)


def _is_small(request: Request) -> bool:
    """Of one that comes packed nobody knows."""
    declared = request.headers.get("content-length", "")
    return declared.isdigit() and int(declared) <= SMALL_BYTES and "content-encoding" not in request.headers


def _key(request: Request) -> bytes | None:
    """None where there is none: the page's requests have a session instead, which changes."""
    authorization = request.headers.get("authorization")
    return token_hash(authorization) if authorization else None
