"""Bearer tokens with claims: the sign-in service's, and the ones that open a single anonymous smelt.

Each kind of key allows its own algorithms only, whatever a token's header says (RFC 8725, section 3.1): a
shared secret HS256, a public key ES256 or RS256 by its type.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from starlette.requests import Request

from api.auth.jwks import PublicKeys, UnknownKey
from api.auth.machine_tokens import token_hash
from api.auth.recent_tokens import RecentTokens

MAX_TOKEN_CHARS = 8_192
ANONYMOUS_KID = "smelt-anonymous"
MOST_REMEMBERED = 20_000  # tokens that were verified; 19 MB
LEEWAY = timedelta(seconds=10)  # that the issuer's clock may be ahead

_ALGORITHM_OF_KEY = {"EC": "ES256", "RSA": "RS256"}


class BadToken(Exception):
    """The token opens nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a sign-in token speaks for. `issued_at`: None where it doesn't say."""

    user_id: UUID
    email: str | None
    issued_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token said when `key` verified it; `header` is the token's."""

    header: dict[str, Any]
    key: PyJWK | str
    subject: Subject


def bearer(request: Request) -> str | None:
    """The token that the request brings, if any. Raises BadToken for what is none."""
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise BadToken("not a bearer token")
    return token


class SignInTokens:
    """Verifies tokens of the sign-in service, by its shared secret, its public keys, or both."""

    def __init__(
        self, secret: str | None, keys: PublicKeys | None, audience: str, issuer: str | None
    ) -> None:
        self._secret = secret
        self._keys = keys
        self._audience = audience
        self._issuer = issuer
        self._recent = RecentTokens[_Verified](MOST_REMEMBERED)

    def recall(self, token: str) -> Subject | None:
        """What a token says that has been verified before, by the key that would verify it now. None: it has to be
        verified. Raises what `verify` does.
        """
        hashed = token_hash(token)
        seen = self._recent.get(hashed)
        if seen is None:
            return None
        try:
            key, _ = self._key(seen.header)
        except UnknownKey as error:
            raise BadToken(type(error).__name__) from None
        if key is not seen.key:
            return None
        if seen.subject.expires_at <= datetime.now(UTC):
            self._recent.forget(hashed)
            raise BadToken("expired")
        return seen.subject

    def verify(self, token: str) -> Subject:
        """May fetch the public keys (`api/auth/jwks.py`). Raises BadToken, KeysUnreachable."""
        try:
            header = jwt.get_unverified_header(token)
            key, algorithm = self._key(header)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "sub", "aud"]},
            )
            _check_end(claims)
            subject = _subject(claims)
        except (PyJWTError, UnknownKey) as error:
            raise BadToken(type(error).__name__) from None
        self._recent.put(token_hash(token), _Verified(header, key, subject))
        return subject

    def _key(self, header: dict[str, Any]) -> tuple[PyJWK | str, str]:
        algorithm = header.get("alg")
        if algorithm == "HS256" and self._secret is not None:
            return self._secret, "HS256"
        kid = header.get("kid")
        if algorithm not in _ALGORITHM_OF_KEY.values() or self._keys is None or not isinstance(kid, str):
            raise BadToken("no key for this token")
        key = self._keys.get(kid)
        if _ALGORITHM_OF_KEY.get(key.key_type or "") != algorithm or key.algorithm_name != algorithm:
            raise BadToken("no key for this token")
        return key, algorithm


def _subject(claims: dict[str, Any]) -> Subject:
    if claims.get("role") != "authenticated":
        raise BadToken("role")
    try:
        user_id = UUID(claims["sub"])
    except ValueError:
        raise BadToken("sub") from None
    email = claims.get("email")
    # Half characters and NUL are more than Postgres stores, and no address
    known = email if isinstance(email, str) and email.isprintable() else ""
    return Subject(user_id, known or None, _issued_at(claims), _expires_at(claims))


def _check_end(claims: dict[str, Any]) -> None:
    """To the second: the leeway is for clocks by which a token isn't valid yet. Raises BadToken."""
    if _expires_at(claims) <= datetime.now(UTC):
        raise BadToken("expired")


def _issued_at(claims: dict[str, Any]) -> datetime | None:
    if "iat" not in claims:
        return None
    try:
        return datetime.fromtimestamp(float(claims["iat"]), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadToken("iat") from None


def _expires_at(claims: dict[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, OverflowError, OSError):  # past the end of time
        return datetime.max.replace(tzinfo=UTC)


class AnonymousTokens:
    """Makes and verifies the tokens that open one anonymous smelt. The same smelt gets the same token."""

    def __init__(self, key: bytes, lifetime: timedelta) -> None:
        self._key = key
        self._lifetime = lifetime

    def issue(self, smelt_id: UUID, created_at: datetime) -> str:
        issued = int(created_at.timestamp())
        claims = {
            "role": "anon",
            "smelt_id": str(smelt_id),
            "iat": issued,
            "exp": issued + int(self._lifetime.total_seconds()),
        }
        return jwt.encode(claims, self._key, algorithm="HS256", headers={"kid": ANONYMOUS_KID})

    def ends(self, created_at: datetime) -> datetime:
        """When the token of a smelt that was made then opens nothing any more."""
        return created_at + self._lifetime

    def verify(self, token: str) -> UUID:
        """The smelt that it opens. Raises BadToken."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, algorithms=["HS256"], leeway=LEEWAY, options={"require": ["exp", "iat"]}
            )
            _check_end(claims)
            if claims.get("role") != "anon":
                raise BadToken("role")
            return UUID(str(claims.get("smelt_id")))
        except (PyJWTError, ValueError) as error:
            raise BadToken(type(error).__name__) from None


def is_anonymous(token: str) -> bool:
    """Whether a token says that it is one of ours; then that kind's key alone verifies it. Raises BadToken."""
    try:
        return jwt.get_unverified_header(token).get("kid") == ANONYMOUS_KID
    except PyJWTError:
        raise BadToken("malformed") from None
