"""Settings of sign-in, and of what stands for addresses."""

from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from pipeline.setting_forms import CommaSeparated, HttpUrl


class IdentitySettings(BaseModel):
    jwt_secret: SecretStr | None = Field(None, description="HS256 secret of the sign-in service")
    jwt_jwks_url: str | None = Field(
        None, description="URL of the sign-in service's public keys (ES256, RS256)"
    )
    jwt_audience: str = Field("authenticated", description="audience that a sign-in token must name")
    jwt_issuer: str | None = Field(None, description="issuer that a sign-in token must name, if set")
    web_auth_url: HttpUrl = Field(
        None,
        description="URL of Supabase Auth, ending with `/auth/v1` in the cloud: users sign in by it on the page at `/`",
    )
    web_auth_key: str | None = Field(
        None, description="publishable key that Supabase Auth wants of its clients"
    )
    web_auth_email: bool = Field(
        True, description="whether the page offers a link by e-mail, with SMELT_WEB_AUTH_URL"
    )
    web_auth_providers: CommaSeparated = Field(
        (), description="OAuth providers that the page offers, such as google, separated by commas"
    )
    ip_hash_secret: SecretStr | None = Field(
        None, description="keys the hashes of addresses, request fingerprints and anonymous tokens"
    )
    local_user: UUID | None = Field(
        None,
        description="id of the one user who needs no credits, on one's own machine; `smelt up` sets it, "
        "production refuses it",
    )
