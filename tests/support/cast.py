"""The small cast that tests speak of: Ada with credits, Bob, and a visitor without an account."""

from dataclasses import dataclass
from uuid import UUID

from deploy.local_users import ensure_local_user, mint
from pipeline.settings import Settings


@dataclass(frozen=True)
class User:
    id: UUID
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Visitor:
    """Nobody known: no token."""

    @property
    def headers(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class Cast:
    ada: User
    bob: User
    visitor: Visitor


def make_cast(owner_url: str, settings: Settings) -> Cast:
    assert settings.jwt_secret is not None
    secret = settings.jwt_secret.get_secret_value()

    def user(name: str) -> User:
        email = f"{name}@example.org"
        user_id = ensure_local_user(owner_url, email)
        return User(user_id, email, mint(secret, settings.jwt_audience, user_id, email))

    return Cast(user("ada"), user("bob"), Visitor())
