"""The session of the page at `/`: a cookie that no script can read, in the place of a token.

It holds who signed in, sealed, so that whoever copies the cookie from a disk has no token. A browser sends cookies by
itself, also where another site's page asks for it; so the cookie counts only where the request shows that it comes from
the service's own page: what changes something by a header that no form and no other origin can send, what reads by the
browser's word for where it comes from. A cookie that doesn't count refuses the request, as a bad token does.
"""

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.auth.signed_tokens import BadToken, Subject

PAGE_HEADER = (
    "x-smelt-page"  # not among those that pages of other origins may send (`api/middleware/cors.py`)
)
LONGEST = timedelta(days=30)
MAX_CHARS = 4_000  # browsers keep no longer cookie
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OF_THE_PAGE = (None, "same-origin", "none")  # `none`: an address that the user typed or kept


class PageSession(BaseModel):
    """`subject`: who signed in with the sign-in service, whose token would outgrow a cookie; else `token`: a machine
    token, or the access token of a visitor's smelt. `refresh_token`: by which the sign-in service gives another.
    """

    subject: Subject | None = None
    token: str | None = None
    refresh_token: str | None = None

    @property
    def max_age(self) -> int:
        """Seconds that the browser keeps the cookie."""
        if self.subject is None or self.refresh_token is not None:
            return int(LONGEST.total_seconds())
        left = self.subject.expires_at - datetime.now(UTC)
        return max(0, int(min(left, LONGEST).total_seconds()))


class PageSessions:
    """Seals sessions and opens them. Stateless: every process with the key can. Thread-safe."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._cipher = Fernet(base64.urlsafe_b64encode(key))
        # Cookies know no ports: another service on this host must not take ours for its own
        self.cookie = f"smelt_{sha256(b'cookie' + key).hexdigest()[:8]}"

    def seal(self, session: PageSession) -> str:
        return self._cipher.encrypt(session.model_dump_json().encode()).decode().rstrip("=")

    def open(self, sealed: str) -> PageSession:
        """Raises BadToken: it isn't ours, or older than `LONGEST`."""
        try:
            padded = sealed + "=" * (-len(sealed) % 4)
            opened = self._cipher.decrypt(padded.encode(), ttl=int(LONGEST.total_seconds()))
            return PageSession.model_validate_json(opened)
        except (InvalidToken, ValidationError, UnicodeEncodeError):
            raise BadToken("not a session") from None

    def of(self, request: Request) -> PageSession | None:
        """None: the request brings no session. Raises BadToken for one that doesn't count."""
        sealed = request.cookies.get(self.cookie)
        if sealed is None:
            return None
        if not comes_from_the_page(request) or len(sealed) > MAX_CHARS:
            raise BadToken("not from the page")
        return self.open(sealed)

    def keep(self, request: Request, response: Response, session: PageSession) -> None:
        """Hands the cookie out. Without a path it is sent to what is below that of the address asked, wherever a proxy
        has put the service. Raises ValueError where it would be longer than a browser keeps.
        """
        sealed = self.seal(session)
        if len(sealed) > MAX_CHARS:
            raise ValueError("the session is too long for a cookie")
        self._set(request, response, sealed, session.max_age)

    def forget(self, request: Request, response: Response) -> None:
        self._set(request, response, "", 0)

    def _set(self, request: Request, response: Response, value: str, max_age: int) -> None:
        response.set_cookie(
            self.cookie,
            value,
            max_age=max_age,
            path=None,
            secure=request.headers.get("origin", "").startswith("https:"),
            httponly=True,
            samesite="strict",
        )


def comes_from_the_page(request: Request) -> bool:
    if request.method not in SAFE_METHODS:
        return PAGE_HEADER in request.headers
    return request.headers.get("sec-fetch-site") in OF_THE_PAGE
