"""Prints the URL of the Postgres or Redis at its standard port, if it lets tests in; used by `.ci/run`.

python -m tests.support.standard_ports postgres|redis
"""

import getpass
import sys

import psycopg
import redis

REDIS_URL = "redis://127.0.0.1:6379/0"


def postgres_url() -> str | None:
    """As an account that may make databases and roles, without a password."""
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute(
                    "select rolsuper from pg_roles where rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if row == (True,):
            return url
    return None


def redis_url() -> str | None:
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except redis.exceptions.RedisError:
        return None
    return REDIS_URL


if __name__ == "__main__":
    print({"postgres": postgres_url, "redis": redis_url}[sys.argv[1]]() or "")
