"""Local users, and sign-in tokens for them: for trying the service out where no sign-in service runs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import psycopg

LIFETIME = timedelta(hours=12)
LOCAL_EMAIL = "local@smelt.invalid"


def ensure_local_user(owner_url: str, email: str = LOCAL_EMAIL) -> UUID:
    """The id of the user with this address in `auth.users`, made if need be, by the schema's owner."""
    with psycopg.connect(owner_url) as connection:
        # One transaction, and the owner is bound by the forced policies unless it acts as service_role.
        connection.execute("set local role service_role")
        connection.execute(
            "insert into auth.users (email) values (%s) on conflict (email) do nothing", (email,)
        )
        row = connection.execute("select id from auth.users where email = %s", (email,)).fetchone()
    if row is None:
        raise LookupError("the local user was deleted while its token was made")
    user: UUID = row[0]
    return user


def mint(secret: str, audience: str, user: UUID, email: str, issuer: str | None = None) -> str:
    """An HS256 token of the sign-in service's shape, valid for 12 hours."""
    now = datetime.now(UTC)
    claims = {
        "sub": str(user),
        "role": "authenticated",
        "aud": audience,
        "email": email,
        "iat": now,
        "exp": now + LIFETIME,
    }
    if issuer is not None:
        claims["iss"] = issuer
    return jwt.encode(claims, secret, algorithm="HS256")
