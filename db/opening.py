"""What every transaction begins with: its role, its claims and its limits."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from psycopg.sql import Literal

# What no default of the role's may change. Whoever once ran SQL as this login may have altered its settings, or left
# some in a session of the pool, and tables in its `pg_temp`, which comes first unless it is named. Supabase's
# auth.uid() believes the last two before the claims.
FIXED = {
    "timezone": "UTC",
    # A kept plan for a foreign key's check reads the whole of a table that was small when the plan was made.
    "plan_cache_mode": "force_custom_plan",
    "search_path": "public, pg_temp",
    "request.jwt.claim": "",
    "request.jwt.claim.sub": "",
}

_BEGIN = "begin isolation level read committed read write not deferrable"


def opening(
    role: str, claims: Mapping[str, str], limits: Mapping[str, str], traceparent: str | None = None
) -> Sequence[str]:
    """As statements of SQL, without parameters. `limits`: settings of this transaction, by name. `traceparent`: of the
    trace that rows of work which are made belong to, and what is done for them later (docs/design/traces.md).

    Literals of our own making: a role, ids and times, quoted all the same.
    """
    local = _opening(role, json.dumps(claims), tuple(limits.items()))
    return _BEGIN, local if traceparent is None else f"{local}, {_set('smelt.traceparent', traceparent)}"


@lru_cache(maxsize=256)  # the service's own is always the same
def _opening(role: str, claims: str, limits: tuple[tuple[str, str], ...]) -> str:
    settings = {"role": role, "request.jwt.claims": claims, **dict(limits), **FIXED}
    local = ", ".join(_set(name, value) for name, value in settings.items())
    return f"select {local}"


def _set(name: str, value: str) -> str:
    return f"set_config({_quoted(name)}, {_quoted(value)}, true)"


def _quoted(value: str) -> str:
    return Literal(value).as_string(None)
