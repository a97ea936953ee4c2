"""A database as Supabase's projects have it, as far as it matters here: the auth schema, its owner, the grants.

Whoever runs our migrations there is no superuser and owns nothing of `auth`, but may write and put triggers on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

AUTH = """
    create schema auth authorization {admin};
    set local role {admin};
    create table auth.users (
        instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
        encrypted_password varchar(255), raw_user_meta_data jsonb, created_at timestamptz, deleted_at timestamptz
    );
    alter table auth.users enable row level security;
    create function auth.jwt() returns jsonb language sql stable as $$
        select coalesce(
            nullif(current_setting('request.jwt.claim', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')
        )::jsonb
    $$;
    create function auth.uid() returns uuid language sql stable as $$
        select coalesce(
            nullif(current_setting('request.jwt.claim.sub', true), ''),
            (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
        )::uuid
    $$;
    grant usage on schema auth to anon, authenticated, service_role;
    grant all on schema auth to {postgres};
    grant all on all tables in schema auth to {postgres};
    reset role;
    alter schema public owner to {postgres};
    alter default privileges for role {postgres} in schema public
        grant all on tables to anon, authenticated, service_role;
    alter default privileges for role {postgres} in schema public
        grant all on functions to anon, authenticated, service_role;
"""
ROLES = ("anon", "authenticated", "service_role", "smelt_app")


@contextmanager
def supabase(owner_url: str) -> Iterator[str]:
    """Makes the empty database behind the URL, a superuser's, one of Supabase's; the URL of its `postgres`."""
    suffix = uuid4().hex[:8]
    names = {
        "admin": sql.Identifier(f"smelt_test_auth_{suffix}"),
        "postgres": sql.Identifier(f"smelt_test_postgres_{suffix}"),
        "database": sql.Identifier(urlsplit(owner_url).path[1:]),
    }
    with psycopg.connect(owner_url) as connection:
        for role in ROLES:
            exists = connection.execute("select to_regrole(%s) is not null", [role]).fetchone()
            if exists == (False,):
                connection.execute(sql.SQL("create role {} nologin noinherit").format(sql.Identifier(role)))
        connection.execute("alter role smelt_app login")
        for statement in (
            "create role {admin} noinherit createrole",
            "create role {postgres} login createrole bypassrls",
            "grant anon, authenticated, service_role to {postgres} with admin option",
            "grant create on database {database} to {postgres}",
            AUTH,
        ):
            connection.execute(sql.SQL(statement).format(**names))
    try:
        yield _as_role(owner_url, f"smelt_test_postgres_{suffix}")
    finally:
        with psycopg.connect(owner_url) as connection:
            for role in ("postgres", "admin"):
                connection.execute(sql.SQL("drop owned by {} cascade").format(names[role]))
                connection.execute(sql.SQL("drop role {}").format(names[role]))


def _as_role(url: str, role: str) -> str:
    """Without a password: the server trusts it, as the admin."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))
