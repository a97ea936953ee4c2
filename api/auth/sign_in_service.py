"""What the page asks of the sign-in service (Supabase Auth), which its visitors' browsers don't reach from there.

Sources: Supabase Auth's OpenAPI document: `POST /otp`, `POST /token?grant_type=refresh_token`, `GET /authorize`.
"""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from pipeline.net.fetch import Fetched, FetchFailed, fetch

TIMEOUT = 10.0  # seconds for the whole exchange
MOST_BYTES = 100_000  # of the reply


class SignInUnavailable(Exception):
    """It gave no answer, or said that it can't."""


class SignInRefused(Exception):
    """It refuses what was asked."""


class SignInTooOften(Exception):
    """It sends no more e-mails for now."""


class Renewed(BaseModel):
    """The tokens that follow those of before."""

    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class SignInService:
    """`url`: where its calls begin. `key`: the publishable key that it wants of its clients. Both methods block for up
    to `TIMEOUT`, and raise SignInUnavailable, SignInRefused, SignInTooOften.
    """

    url: str
    key: str | None

    @property
    def authorize_url(self) -> str:
        """Where a browser goes to sign in with an OAuth provider."""
        return f"{self.url.rstrip('/')}/authorize"

    def send_link(self, email: str, back_to: str) -> None:
        """An e-mail with a link that leads to `back_to`, which must be among the service's own redirect addresses."""
        self._ask(f"/otp?{urlencode({'redirect_to': back_to})}", {"email": email, "create_user": True})

    def renew(self, refresh_token: str) -> Renewed:
        reply = self._ask("/token?grant_type=refresh_token", {"refresh_token": refresh_token})
        try:
            return Renewed.model_validate_json(reply.body)
        except ValidationError:
            raise SignInUnavailable from None

    def _ask(self, path: str, body: dict[str, object]) -> Fetched:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key is not None:
            headers["apikey"] = self.key
        try:
            reply = fetch(
                self.url.rstrip("/") + path,
                headers,
                deadline=TIMEOUT,
                most_bytes=MOST_BYTES,
                body=json.dumps(body).encode(),
            )
        except FetchFailed:
            raise SignInUnavailable from None
        if reply.status == 429:
            raise SignInTooOften
        if 400 <= reply.status < 500:
            raise SignInRefused
        if not 200 <= reply.status < 300:
            raise SignInUnavailable
        return reply
